// Command run is the buildpack's detect and build, by the name it is called
// with.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log, err := settings.Log(env.Get, os.Stdout)
	packit.Run(decisions.With(npminstall.Detect(env), npminstall.Decide(env)), settings.WarningOfTypos(settings.Unless(err, npminstall.Build(env, log)), env, log.Process), packit.WithExitHandler(exit.New()))
}
