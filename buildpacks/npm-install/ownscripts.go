package npminstall

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// installScripts are a project's scripts that npm runs on install, in order; for
// a workspace without the dependenciesScripts.
var installScripts = append(dependenciesScripts, "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")

// dependenciesScripts are those that it runs after changing node_modules.
var dependenciesScripts = []string{"predependencies", "dependencies", "postdependencies"}

// ownScripts runs the scripts of the project, and of its workspaces, that npm
// runs after an install.
func (m *manager) ownScripts(npm npm, p modules.Part) error {
	_, err := os.Lstat(filepath.Join(m.project.Dir, nodemodules.Dir, hiddenLockfile))
	changed := err == nil // npm has installed something
	for _, folder := range append([]string{"."}, p.Folders...) {
		dir := filepath.Join(m.project.Dir, folder)
		pkg, err := packagejson.Read(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, name := range installScripts {
			ofRoot := slices.Contains(dependenciesScripts, name)
			if strings.TrimSpace(pkg.Scripts[name]) == "" || ofRoot && (folder != "." || !changed) || runsWith(pkg, name) {
				continue
			}
			if err := m.runOwn(npm, dir, pkg, name, "run", name); err != nil {
				return err
			}
		}
	}
	return nil
}

// runsWith reports whether a script is the hook of another install script: `npm
// run` runs it with that.
func runsWith(pkg packagejson.Package, hook string) bool {
	return slices.ContainsFunc(installScripts, func(name string) bool {
		return (hook == "pre"+name || hook == "post"+name) && strings.TrimSpace(pkg.Scripts[name]) != ""
	})
}
