// Command run is the buildpack's detect and build, by the name it is called
// with.
package main

import (
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
)

func main() {
	env := environ.List(os.Environ())
	log, err := settings.Log(env.Get, os.Stdout)
	handler := exit.New()
	packit.Run(decisions.With(npmstart.Detect(env), npmstart.Decide(env)), settings.WarningOfTypos(settings.Unless(err, npmstart.Build(env, log)), env, log.Process), packit.WithExitHandler(handler))
	if filepath.Base(os.Args[0]) != "build" {
		return
	}
	layers := env.Get("CNB_LAYERS_DIR")
	if layers == "" && len(os.Args) > 1 { // as before version 0.8 of the Buildpack API
		layers = os.Args[1]
	}
	if err := npmstart.CorrectLaunch(layers); err != nil {
		handler.Error(err)
	}
}
