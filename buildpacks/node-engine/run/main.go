// Command run is bin/detect and bin/build, depending on its own name.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log, err := settings.Log(env.Get, os.Stdout)
	packit.Run(decisions.With(nodeengine.Detect(env, log), nodeengine.Decide(env)), settings.WarningOfTypos(settings.Unless(err, nodeengine.Build(env, log)), env, log.Process), packit.WithExitHandler(exit.New()))
}
