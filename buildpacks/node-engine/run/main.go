// Command run is bin/detect and bin/build, depending on its own name.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log := scribe.NewEmitter(os.Stdout).WithLevel(env.Get("BP_LOG_LEVEL"))
	packit.Run(nodeengine.Detect(env, log), settings.WarningOfTypos(nodeengine.Build(env, log), env, log.Process), packit.WithExitHandler(exit.New()))
}
