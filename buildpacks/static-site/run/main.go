// Command run is the buildpack's detect and build, by the name it is called
// with.
package main

import (
	"os"

	"github.com/paketo-buildpacks/packit/v2"

	staticsite "github.com/armature-cnb/armature/buildpacks/static-site"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log, err := settings.Log(env.Get, os.Stdout)
	packit.Run(decisions.With(staticsite.Detect(env), staticsite.Decide(env)), settings.WarningOfTypos(settings.Unless(err, staticsite.Build(env, log)), env, log.Process), packit.WithExitHandler(exit.New()))
}
