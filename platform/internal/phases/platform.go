//go:build linux

package phases

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/hostca"
)

// envName matches variable names that can be file names. Docker, the lifecycle
// and Kubernetes accept them.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,254}$`)

// EnvNames describes the names that [IsEnvName] accepts.
const EnvNames = "at most 255 letters, digits, _ . and -, the first a letter or _"

// IsEnvName reports whether a variable may have this name.
func IsEnvName(name string) bool { return envName.MatchString(name) }

// writePlatform writes the platform folder (Platform API, "Platform Directory"):
// a file for each variable, and the service bindings. Values are only in files,
// so they appear in no command line and no log.
func writePlatform(dir string, env map[string]string, bindings []string, getenv func(string) string) error {
	if err := os.MkdirAll(filepath.Join(dir, "env"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, spans.File), nil, 0o644); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !envName.MatchString(name) {
			return &failure.Failure{ID: "env-name", Cause: fmt.Sprintf("%q cannot be a variable's name", name), Remedy: "give it another one of " + EnvNames + "."}
		}
		if err := os.WriteFile(filepath.Join(dir, "env", name), []byte(env[name]), 0o644); err != nil {
			return err
		}
	}
	for _, binding := range bindings {
		binding, err := filepath.Abs(binding) // gives "." a name
		if err != nil {
			return err
		}
		if err := copyBinding(binding, filepath.Join(dir, "bindings", filepath.Base(binding))); err != nil {
			return err
		}
	}
	host, err := hostca.Binding(hostca.Added, dir, getenv)
	if err != nil || host == "" {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "bindings"), 0o755); err != nil {
		return err
	}
	to := filepath.Join(dir, "bindings", filepath.Base(host))
	if _, err := os.Lstat(to); err == nil { // the user's own binding overrides it
		return os.RemoveAll(host)
	}
	return os.Rename(host, to)
}

// copyBinding copies the files of a service binding. In Kubernetes these are
// links to a hidden folder beside them: copyBinding follows links within the
// binding only.
func copyBinding(from, to string) error {
	bad := func(err error) error {
		return &failure.Failure{ID: "binding-unusable", Cause: "reading the binding " + from, Err: err, Remedy: "give --binding a folder with a file \"type\" and one file for each entry."}
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		return bad(err)
	}
	defer root.Close()
	if _, err := root.Stat("type"); err != nil {
		return bad(err)
	}
	if _, err := os.Lstat(to); err == nil {
		return bad(errors.New("two bindings have the name " + filepath.Base(to)))
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return bad(err)
	}
	for _, entry := range entries {
		info, err := root.Stat(entry.Name())
		if err != nil {
			return bad(err)
		}
		if !info.Mode().IsRegular() {
			continue
		}
		content, err := root.ReadFile(entry.Name())
		if err != nil {
			return bad(err)
		}
		if err := os.WriteFile(filepath.Join(to, entry.Name()), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// runFile lists a builder's run images (Platform API, "run.toml").
const runFile = "/cnb/run.toml"

// writeRun writes that file for the user's run image, which replaces all of the
// builder's, as in pack.
func (r *runImage) writeRun(path string) error {
	if r.asked == "" {
		return nil
	}
	return os.WriteFile(path, fmt.Appendf(nil, "[[images]]\n  image = %q\n", r.asked), 0o644)
}

// chown changes the owner of folders and everything in them.
func chown(user, group int, folders ...string) error {
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, user, group)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
