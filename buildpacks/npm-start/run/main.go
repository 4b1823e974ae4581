// Command run is the buildpack's detect and build, by the name it is called
// with.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/exit"
)

func main() {
	log := scribe.NewEmitter(os.Stdout).WithLevel(os.Getenv("BP_LOG_LEVEL"))
	packit.Run(npmstart.Detect(os.Getenv), npmstart.Build(os.Getenv, log), packit.WithExitHandler(exit.New()))
}
