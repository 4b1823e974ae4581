package npminstall

import (
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// withFramework adds the variables to the environment with which the project's
// framework builds a server for Node.js. Errors in the project are left to others.
func withFramework(env environ.List, workingDir string) environ.List {
	found, err := project.Find(workingDir, env.Get)
	if err != nil {
		return env
	}
	pkg, err := packagejson.Read(found.Dir)
	if err != nil {
		return env
	}
	for _, pair := range startup.BuildVariables(startup.Project{App: workingDir, Dir: found.Dir, Package: pkg}, env.Get) {
		name, value, _ := strings.Cut(pair, "=")
		env = env.With(name, value)
	}
	return env
}
