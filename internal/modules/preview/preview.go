// Package preview reads what an app's own files say about the install of its
// dependencies, before any program runs and outside of the build. A platform
// needs this for two decisions that it cannot leave to a buildpack: whether a
// build may begin with what another image's build left (code of the app could
// forge any metadata), and what of a developer's folder is not worth copying.
//
// Package managers differ in lockfiles and readLock only.
package preview

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// App is what an app's own files say.
type App struct {
	pkg, root packagejson.Package // of the project, and of its workspaces' root
	lock      deps.Graph
	dir       string // with the lockfile, relative to the app
	locked    bool   // there is a lockfile
	gyp       bool   // the project itself is compiled, without a script
	vendored  bool   // the app brings modules along, whatever they are
}

// maxAppFile is the most bytes of a file that is read.
const maxAppFile = 64 << 20

// bindingFile is what makes package managers compile a package without a script.
const bindingFile = "binding.gyp"

// lockfiles are the names of those that can be read.
var lockfiles = []string{npmlock.PackageLock, npmlock.Shrinkwrap}

// readLock reads the lockfile in a folder. Found is false where there is none.
func readLock(dir string) (graph deps.Graph, found bool, err error) { return npmlock.Read(dir) }

// Read reads the app in a folder, with the settings of its build. The app may
// be malicious: Read copies only regular files inside of the folder, of at most
// 64 MiB each, into the empty folder view, and reads the copies.
func Read(app, view string, getenv func(string) string) (*App, error) {
	root, err := os.OpenRoot(app)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir := filepath.Clean(getenv(settings.ProjectPath)) // "." for ""
	if !filepath.IsLocal(dir) {
		return nil, errors.New("the project's folder leads out of the app")
	}
	vendored := false
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := root.Lstat(filepath.Join(at, nodemodules.Dir)); err == nil {
			vendored = true
		}
		if err := os.MkdirAll(filepath.Join(view, at), 0o755); err != nil {
			return nil, err
		}
		for _, name := range slices.Concat([]string{packagejson.FileName, bindingFile}, lockfiles) {
			if err := copyManifest(root, filepath.Join(at, name), view); err != nil {
				return nil, err
			}
		}
		if at == "." {
			break
		}
	}
	a, err := parse(view, getenv)
	if err == nil {
		a.vendored = vendored
	}
	return a, err
}

// Locked returns the packages of the lockfile, and its folder relative to the app;
// none without a lockfile.
func (a *App) Locked() (packages []deps.Package, dir string) { return a.lock.Packages, a.dir }

func copyManifest(root *os.Root, path, view string) error {
	text, err := regular.Read(root, path, maxAppFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(view, path), text, 0o644)
}

func parse(view string, getenv func(string) string) (*App, error) {
	found, err := project.Find(view, getenv)
	if err != nil {
		return nil, err
	}
	a := &App{}
	if a.pkg, err = packagejson.Read(found.Dir); err != nil {
		return nil, err
	}
	a.root = a.pkg
	if found.Root != found.Dir {
		if a.root, err = packagejson.Read(found.Root); err != nil {
			return nil, err
		}
	}
	if a.lock, a.locked, err = readLock(found.Root); err != nil {
		return nil, err
	}
	if a.dir, err = filepath.Rel(view, found.Root); err != nil {
		return nil, err
	}
	a.gyp = slices.ContainsFunc([]string{found.Dir, found.Root}, func(dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, bindingFile))
		return err == nil
	})
	return a, nil
}
