package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/buildpacks/lifecycle/env"
	"github.com/buildpacks/lifecycle/launch"
)

// layer is a layer's TOML file.
type layer struct {
	Types    struct{ Build, Launch, Cache bool }
	Metadata map[string]any
}

// layersOf returns the layers that a buildpack has made.
func (w *world) layersOf(id string) map[string]layer {
	w.t.Helper()
	all := map[string]layer{}
	paths, err := filepath.Glob(w.dir(id, "*.toml"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".toml")
		if name == "launch" || name == "build" || name == "store" {
			continue
		}
		var l layer
		if _, err := toml.DecodeFile(path, &l); err != nil {
			w.t.Fatal(err)
		}
		all[name] = l
	}
	return all
}

// flags describes the layers of a buildpack: "node:launch node-build:build,cache".
func (w *world) flags(id string) string {
	w.t.Helper()
	var all []string
	for name, l := range w.layersOf(id) {
		var types []string
		for _, one := range []struct {
			name string
			on   bool
		}{{"build", l.Types.Build}, {"launch", l.Types.Launch}, {"cache", l.Types.Cache}} {
			if one.on {
				types = append(types, one.name)
			}
		}
		all = append(all, name+":"+strings.Join(types, ","))
	}
	return sorted(all)
}

// restore prepares a rebuild of an app: the layers folder has the contents of
// cached layers and the metadata of launch layers, and the app and the
// environment are reset. It returns the launch layers of the previous image, by
// "<buildpack>/<layer>".
func (w *world) restore(app contents) map[string]string {
	w.t.Helper()
	old := w.layers
	w.layers = w.t.TempDir()
	image := map[string]string{}
	for _, id := range []string{engine, install, start} {
		dir := launch.EscapeID(id)
		before := w.layers
		w.layers = old
		made := w.layersOf(id)
		w.layers = before
		for name, l := range made {
			from, to := filepath.Join(old, dir, name), filepath.Join(w.layers, dir, name)
			if l.Types.Launch {
				image[id+"/"+name] = from
			}
			if !l.Types.Cache && (!l.Types.Launch || l.Types.Build) {
				continue
			}
			var text bytes.Buffer
			if err := toml.NewEncoder(&text).Encode(map[string]any{"metadata": l.Metadata}); err != nil {
				w.t.Fatal(err)
			}
			place(w.t, w.layers, contents{filepath.Join(dir, name+".toml"): text.String()})
			if l.Types.Cache {
				if err := os.Rename(from, to); err != nil {
					w.t.Fatal(err)
				}
			}
		}
	}
	if err := errors.Join(os.RemoveAll(w.app), os.Mkdir(w.app, 0o755)); err != nil {
		w.t.Fatal(err)
	}
	place(w.t, w.app, app)
	w.freshEnvironment()
	w.output.Reset()
	return image
}

// reused reports whether a launch layer is reused from the previous image: it
// has its flag, and no content.
func (w *world) reused(id, name string) bool {
	w.t.Helper()
	l, ok := w.layersOf(id)[name]
	_, err := os.Stat(w.dir(id, name))
	return ok && l.Types.Launch && os.IsNotExist(err)
}

// launched returns the environment of the app's process: the container's, with
// the launch layers' and their exec.d programs' variables.
func (w *world) launched(container ...string) *env.Env {
	w.t.Helper()
	all := env.NewLaunchEnv(append([]string{"PATH=/usr/bin:/bin"}, container...), "", "")
	var programs []string
	for _, id := range []string{engine, install, start} {
		for _, name := range names(w.layersOf(id)) {
			if !w.layersOf(id)[name].Types.Launch {
				continue
			}
			dir := w.dir(id, name)
			if err := errors.Join(all.AddRootDir(dir), all.AddEnvDir(filepath.Join(dir, "env"), env.ActionTypeOverride),
				all.AddEnvDir(filepath.Join(dir, "env.launch"), env.ActionTypeOverride)); err != nil {
				w.t.Fatal(err)
			}
			found, err := filepath.Glob(filepath.Join(dir, "exec.d", "*"))
			if err != nil {
				w.t.Fatal(err)
			}
			programs = append(programs, found...)
		}
	}
	runner := launch.NewExecDRunner()
	runner.Out, runner.Err = &w.output, &w.output
	for _, program := range programs {
		if err := runner.ExecD(program, all); err != nil {
			w.t.Errorf("%s: %v", program, err)
		}
	}
	return all
}

// variables reads the env files of a layer: "<folder>/<name>.<action>=<value>".
func (w *world) variables(id, name string) string {
	w.t.Helper()
	var all []string
	for _, folder := range []string{"env", "env.build", "env.launch"} {
		paths, err := filepath.Glob(w.dir(id, name, folder, "*"))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, path := range paths {
			all = append(all, fmt.Sprintf("%s/%s=%s", folder, filepath.Base(path), read(w.t, path)))
		}
	}
	return strings.ReplaceAll(strings.Join(all, "\n"), w.dir(id, name), "<layer>")
}

// files lists the names in a folder of a layer.
func (w *world) files(id string, path ...string) string {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir(id, path...))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return sorted(all)
}
