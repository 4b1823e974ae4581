//go:build linux

package phases

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// otherBindings are variables that say where bindings are.
var otherBindings = []string{"SERVICE_BINDING_ROOT", "CNB_BINDINGS", "VCAP_SERVICES"}

// npmConfiguration returns npm's configuration in the build, for the project in a
// folder of the app. It is an error if that could be another one.
func (b *Build) npmConfiguration(dir string) (*npmrc.Config, error) {
	env, err := b.buildEnvironment()
	if err != nil {
		return nil, err
	}
	for _, name := range otherBindings {
		if env.Get(name) != "" {
			return nil, fmt.Errorf("%s is set", name)
		}
	}
	if npmrc.User(env) != "" || npmrc.Global(env) != "" {
		return nil, errors.New("the environment names files of npm's")
	}
	view, err := b.work.Folder("npmrc", 0o700)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(view)
	if err := copyOne(b.Source(), filepath.Join(dir, ".npmrc"), filepath.Join(view, ".npmrc")); err != nil {
		return nil, err
	}
	sources := npmrc.Sources{Environ: env, ProjectDir: view}
	if sources.Binding, err = npmrcBinding(filepath.Join(b.work.Path("platform"), "bindings")); err != nil {
		return nil, err
	}
	if sources.Builtin, err = npmrc.BuiltinRegistry(env.Get); err != nil {
		return nil, err
	}
	return npmrc.Load(sources)
}

// copyOne copies a file of an app, if it is there.
func copyOne(app, name, to string) error {
	root, err := os.OpenRoot(app)
	if err != nil {
		return err
	}
	defer root.Close()
	text, err := regular.Read(root, name, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// buildEnvironment returns the variables of the buildpacks: the image's, the builder's
// defaults (Platform API, "Operator-Defined Variables"), and the user's. Other
// operations on npm's variables are an error.
func (b *Build) buildEnvironment() (environ.List, error) {
	env := environ.List(slices.Clone(b.builder.env))
	root, err := os.OpenRoot(b.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	const dir = "cnb/build-config/env"
	files, err := fs.ReadDir(root.FS(), dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, file := range files {
		name, operation, _ := strings.Cut(file.Name(), ".")
		text, err := regular.Read(root, filepath.Join(dir, file.Name()), maxSmallFile)
		if err != nil {
			return nil, err
		}
		switch {
		case operation == "default" && env.Get(name) == "":
			env = env.With(name, string(text))
		case operation != "default" && (name == npmrc.BuiltinVariable || strings.HasPrefix(strings.ToLower(name), "npm_")):
			return nil, fmt.Errorf("the builder has %s", file.Name())
		}
	}
	for name, value := range b.Env {
		env = env.With(name, value)
	}
	return env, nil
}

// npmrcBinding returns the path of npm's file in a folder of bindings, or "".
func npmrcBinding(dir string) (path string, err error) {
	types, err := filepath.Glob(filepath.Join(dir, "*/type"))
	for _, file := range types {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if !strings.EqualFold(strings.TrimSpace(string(text)), npmrc.BindingType) {
			continue
		}
		if path != "" {
			return "", errors.New("there are two bindings for npm")
		}
		path = filepath.Join(filepath.Dir(file), ".npmrc")
		if _, err := os.Lstat(path); err != nil {
			return "", err
		}
	}
	return path, err
}
