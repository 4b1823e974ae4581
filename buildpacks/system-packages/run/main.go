// Command run is the buildpack's detect and build, by the name it is called
// with.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	systempackages "github.com/armature-cnb/armature/buildpacks/system-packages"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/runimage"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log, err := settings.Log(env.Get, os.Stdout)
	build := systempackages.Build(systempackages.Builder{
		Environ: env, Bindings: servicebindings.NewResolver(), Log: log, System: systempackages.BuildImage, RunImages: runimage.PackagesDir, OSRelease: "/etc/os-release",
	})
	packit.Run(systempackages.Detect(env), settings.WarningOfTypos(settings.Unless(err, build), env, log.Process), packit.WithExitHandler(exit.New()))
}
