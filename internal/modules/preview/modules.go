package preview

import (
	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
)

// ModulesSettings are the variables, in capitals, that change what
// [App.DevelopersModules] answers.
var ModulesSettings = []string{dockerignore.Variable, settings.ProjectPath, "NPM_CONFIG_OFFLINE"}

// Rules is the number of the rules by which [App.DevelopersModules] answers. A
// buildpack that removes such folders says in its buildpack.toml by which rules.
const Rules = devmodules.Rules

// DevelopersModules returns the paths of the folders of modules in the app that
// are the developer's own, so that the build removes them: relative to dir, the
// app's folder, with slashes. Env is the build's environment, and offline says
// that it has no network. It returns none without a lockfile, which has to say
// what belongs there, and none with an invalid .dockerignore.
func (a *App) DevelopersModules(dir string, env environ.List, offline bool) []string {
	if !a.locked {
		return nil
	}
	ignored, err := dockerignore.Read(dir, env.Get)
	if err != nil {
		return nil
	}
	app := devmodules.App{Dir: dir, Root: dir, Lock: a.lock, Ignored: ignored, Offline: offline || devmodules.Offline(env)}
	var gone []string
	for _, folder := range app.Folders() {
		if folder.Goes() {
			gone = append(gone, folder.Place)
		}
	}
	return gone
}
