//go:build linux

package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Folders of images that buildpacks made (Platform API, "Launch Interface").
const (
	appDir    = "/workspace"
	layersDir = "/layers/"
)

// modulesDir is the name of folders of modules, in which a Node.js app has packages.
const modulesDir = "node_modules"

// mounts are those of the user, with the app's folder.
func (o Options) mounts() []Mount {
	if o.App == "" {
		return o.Mounts
	}
	return append([]Mount{{Source: o.App, Target: appDir}}, o.Mounts...)
}

// appBinds put the app's folder on the host in place of the image's, to be written
// to, and over each of its folders of modules the one that the image has there: the
// host's may be for another platform. Root is the unpacked image. A folder of modules
// that the host lacks is made, since it needs a place; these are returned, too.
func (o Options) appBinds(root string) (binds []sandbox.Bind, places []string, err error) {
	found, err := modules(root)
	if err != nil {
		return nil, nil, err
	}
	binds = []sandbox.Bind{{Source: o.App, Target: appDir, Writable: true, Recursive: true, Owned: true}}
	for place, layer := range found {
		on := filepath.Join(o.App, place)
		info, err := os.Lstat(on)
		if errors.Is(err, fs.ErrNotExist) {
			if err = os.Mkdir(on, 0o755); errors.Is(err, fs.ErrNotExist) {
				continue // the folder that had them is gone
			}
			info, places = nil, append(places, on)
		}
		if err == nil && info != nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder", on)
		}
		if err != nil {
			return nil, places, unusable("the app's folder has no place for the modules of the image", err, "see that you can write to it, and that "+on+" is a folder or missing.")
		}
		binds = append(binds, sandbox.Bind{Source: layer, Target: path.Join(appDir, place), Writable: true, Inside: true})
	}
	return binds, places, nil
}

// modules returns the app's folders of modules that are links into layers: the paths
// in layers by those in the app's folder.
func modules(root string) (map[string]string, error) {
	inside, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	app := strings.TrimPrefix(appDir, "/")
	found := map[string]string{}
	err = fs.WalkDir(inside.FS(), app, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || path.Base(at) != modulesDir {
			return err
		}
		if entry.IsDir() {
			return fs.SkipDir
		}
		to, err := inside.Readlink(at)
		if err == nil && strings.HasPrefix(path.Clean(to), layersDir) {
			found[strings.TrimPrefix(at, app+"/")] = path.Clean(to)
		}
		return nil
	})
	return found, err
}
