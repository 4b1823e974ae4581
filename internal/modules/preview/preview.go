//go:build linux

package phases

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// manifests are what an app's own files say, read outside of a sandbox.
type manifests struct {
	pkg, root packagejson.Package // of the project, and of its workspaces' root
	lock      npmlock.Lock
	locked    bool // there is a lockfile
	gyp       bool // npm would compile the project itself
	vendored  bool // the app brings modules along, whatever they are
}

// maxAppFile is the most bytes of a file of the app that armature itself reads.
const maxAppFile = 64 << 20

// bindingFile is what makes npm compile a package without a script.
const bindingFile = "binding.gyp"

// readManifests reads them of an app's folder, which somebody may have made to do
// harm: only regular files inside of it are copied, into the empty folder view,
// and it is these that are read.
func readManifests(app, view string, getenv func(string) string) (*manifests, error) {
	root, err := os.OpenRoot(app)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir := filepath.Clean(getenv(project.PathVariable)) // "." for ""
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
		for _, name := range []string{packagejson.FileName, npmlock.PackageLock, npmlock.Shrinkwrap, bindingFile} {
			if err := copyManifest(root, filepath.Join(at, name), view); err != nil {
				return nil, err
			}
		}
		if at == "." {
			break
		}
	}
	m, err := parseManifests(view, getenv)
	if err == nil {
		m.vendored = vendored
	}
	return m, err
}

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

func parseManifests(view string, getenv func(string) string) (*manifests, error) {
	found, err := project.Find(view, getenv)
	if err != nil {
		return nil, err
	}
	m := &manifests{}
	if m.pkg, err = packagejson.Read(found.Dir); err != nil {
		return nil, err
	}
	m.root = m.pkg
	if found.Root != found.Dir {
		if m.root, err = packagejson.Read(found.Root); err != nil {
			return nil, err
		}
	}
	if m.lock, m.locked, err = npmlock.Read(found.Root); err != nil {
		return nil, err
	}
	m.gyp = slices.ContainsFunc([]string{found.Dir, found.Root}, func(dir string) bool {
		_, err := os.Lstat(filepath.Join(dir, bindingFile))
		return err == nil
	})
	return m, nil
}

// manifests reads those of the build's copy of the app.
func (b *Build) manifests() (*manifests, error) {
	view, err := b.work.Folder("manifests", 0o700)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(view)
	return readManifests(b.Source(), view, func(name string) string { return b.Env[name] })
}
