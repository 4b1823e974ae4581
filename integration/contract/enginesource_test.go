package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func TestNodeEngineIgnoresTheNpmrcBindingThatAVariableOverrides(t *testing.T) {
	w := newWorld(t, nil).small()
	w.bind("one", "npmrc", contents{".npmrc": ""})
	w.bind("two", "npmrc", contents{".npmrc": ""})
	_, status := w.build(engine, requires("node", "launch"))
	equal(t, "status with two", status, failed)
	place(t, w.platform, contents{"own": ""})
	for _, variable := range []string{"npm_config_globalconfig", "NPM_CONFIG_GLOBALCONFIG"} {
		w.set(variable + "=" + w.platform + "/own")
		w.built(engine, requires("node", "launch"))
		w.set(variable + "=")
	}
}

func TestNodeEngineLeavesNodeToAnExtension(t *testing.T) {
	w := newWorld(t, nil).small().set("BP_NODE_OPTIMIZE_MEMORY=true")
	w.built(engine)
	equal(t, "layers", w.flags(engine), "node:build,launch")
	equal(t, "files", w.files(engine, "node"), "env env.launch exec.d")
	equal(t, "env", w.variables(engine, "node"), strings.Join([]string{
		"env/NODE_ENV.default=production", "env/NODE_HOME.default=", "env/NODE_OPTIONS.default=--use-openssl-ca", "env/NODE_VERBOSE.default=false", "env.launch/OPTIMIZE_MEMORY.default=true",
	}, "\n"))
	metadata := w.layersOf(engine)["node"].Metadata
	equal(t, "metadata", len(metadata) == 2 && metadata["build"] == true && metadata["launch"] == true, true)
	equal(t, "bills of materials", len(bom(w, engine)), 0)
	contain(t, "NODE_OPTIONS", w.launched("MEMORY_AVAILABLE=512").Get("NODE_OPTIONS"), "--max_old_space_size=384")
}

func TestNodeEngineTakesArchivesFromElsewhere(t *testing.T) {
	for _, tc := range []struct {
		name    string
		prepare func(w *world, archive string)
	}{
		{"from a mirror of all hosts", func(w *world, archive string) {
			w.set("BP_DEPENDENCY_MIRROR=file://" + filepath.Dir(archive) + "/{originalHost}")
		}},
		{"from a mirror of one host", func(w *world, archive string) {
			w.set("BP_DEPENDENCY_MIRROR=file:///nowhere", "BP_DEPENDENCY_MIRROR_NODE__JS_INVALID=file://"+filepath.Dir(archive)+"/node-js.invalid")
		}},
		{"from the mirror of a binding", func(w *world, archive string) {
			w.bind("mirror", "dependency-mirror", contents{"default": "file://" + filepath.Dir(archive) + "/{originalHost}"})
		}},
		{"with a part of the path left out", func(w *world, archive string) {
			w.set("BP_DEPENDENCY_MIRROR=mirror=file://" + filepath.Dir(archive) + "/short,skip-path=/dist")
		}},
		{"from where a mapping says, before mirrors", func(w *world, archive string) {
			w.set("BP_DEPENDENCY_MIRROR=file:///nowhere")
			w.bind("mapping", "dependency-mapping", contents{strings.TrimPrefix(filepath.Base(archive), "sha256-"): "file://" + archive})
		}},
		{"from where a mapping says, by algorithm", func(w *world, archive string) {
			w.bind("mapping", "dependency-mapping", contents{strings.Replace(filepath.Base(archive), "-", "_", 1): "file://" + archive})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil).small("24.2.0")
			// What is in the buildpack moves to the other place.
			found, err := filepath.Glob(filepath.Join(w.packages, "node-engine/dependencies/*"))
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			elsewhere := t.TempDir()
			archive := filepath.Join(elsewhere, filepath.Base(found[0]))
			if err := os.Rename(found[0], archive); err != nil {
				t.Fatal(err)
			}
			name := "v24.2.0/node-v24.2.0-linux-" + w.target.Node() + ".tar.gz"
			place(t, elsewhere, contents{"node-js.invalid/dist/" + name: read(t, archive), "short/" + name: read(t, archive)})
			tc.prepare(w, archive)
			w.built(engine, requires("node", "build", "launch", "version=24.2.0"))
			equal(t, "installed", installed(w), "24.2.0")
			equal(t, "layers", w.flags(engine), "node-build:build,cache node:launch")
		})
	}
}

func TestNodeEngineInstallsTheTargetsNode(t *testing.T) {
	for _, one := range targets.All() {
		w := newWorld(t, nil)
		w.target = one
		w.built(engine, requires("node", "launch", "version=24"))
		equal(t, "layer", w.files(engine, "node"), "LICENSE bin env.launch exec.d")
		equal(t, "machine", machine(t, w.dir(engine, "node", "bin", "node")), one.Machine())
		equal(t, "machine of the helpers", machine(t, w.dir(engine, "node", "exec.d", "0-node-options")), one.Machine())
	}
}
