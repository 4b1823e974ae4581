package contract_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// nodeHome is a layer node-build that all tests here share, made by node-engine.
var nodeHome = struct {
	once sync.Once
	dir  string
}{}

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(nodeHome.dir)
	os.Exit(status)
}

// withNode gives the build Node.js and npm, as after node-engine.
func (w *world) withNode() *world {
	w.t.Helper()
	nodeHome.once.Do(func() {
		made := newWorld(w.t, nil)
		var err error
		if made.layers, err = os.MkdirTemp("", "contract-node-"); err != nil {
			w.t.Fatal(err)
		}
		nodeHome.dir = made.layers
		made.built(engine, requires("node", "build"))
	})
	home := filepath.Join(nodeHome.dir, "armature_node-engine/node-build")
	w.env.Set("PATH", filepath.Join(home, "bin")+":"+w.env.Get("PATH"))
	w.env.Set("NODE_HOME", home)
	w.env.Set("NODE_ENV", "production")
	w.set("NPM_CONFIG_FETCH_RETRIES=0", "NPM_CONFIG_REGISTRY=http://127.0.0.1:1/")
	return w
}

// packed is the archive of a package that npm takes as a file.
func packed(t *testing.T, name, manifest string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	files := contents{"package.json": `{"name":"` + name + `","version":"1.0.0"` + manifest + `}`, "index.js": `module.exports = "` + name + `"`}
	for _, path := range names(files) {
		text := files[path]
		if err := archive.WriteHeader(&tar.Header{Name: "package/" + path, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const manifest = `{"name":"app","version":"1.2.3","dependencies":{"word":"file:word.tgz"},"devDependencies":{"tool":"file:tool.tgz"}}`

// unlocked is an app without a lockfile, and locked is it with one.
func unlocked(t *testing.T) contents {
	return contents{
		"package.json": manifest, "app.js": `console.log(require("word"))`,
		"word.tgz": packed(t, "word", ``), "tool.tgz": packed(t, "tool", `,"bin":"index.js"`),
	}
}

var lockOnce struct {
	sync.Once
	files contents
}

func locked(t *testing.T) contents {
	t.Helper()
	lockOnce.Do(func() {
		app := unlocked(t)
		w := newWorld(t, app).withNode()
		npm(w, "install", "--package-lock-only")
		lockOnce.files = app.with(contents{"package-lock.json": read(t, filepath.Join(w.app, "package-lock.json"))})
	})
	return lockOnce.files
}

// modules are those of the app.
var modules = contents{
	"node_modules/word/package.json": `{"name":"word","version":"1.0.0"}`, "node_modules/word/index.js": `module.exports = "word"`,
	"node_modules/tool/package.json": `{"name":"tool","version":"1.0.0"}`,
}

// vendored is an app with vendored modules.
var vendored = modules.with(contents{
	"app.js":       `console.log(require("word"))`,
	"package.json": `{"name":"app","version":"1.2.3","dependencies":{"word":"^1.0.0"},"devDependencies":{"tool":"^1.0.0"}}`,
})

const vendoredLock = `{"name":"app","version":"1.2.3","lockfileVersion":3,"packages":{
"":{"name":"app","version":"1.2.3","dependencies":{"word":"^1.0.0"},"devDependencies":{"tool":"^1.0.0"}},
"node_modules/word":{"version":"1.0.0"},"node_modules/tool":{"version":"1.0.0","dev":true}}}`

func npm(w *world, args ...string) {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(nodeHome.dir, "armature_node-engine/node-build/bin/npm"), args...)
	cmd.Dir = w.app
	cmd.Env = append(w.env.List(), "NPM_CONFIG_REGISTRY=http://127.0.0.1:1/", "NPM_CONFIG_AUDIT=false", "npm_config_cache="+w.t.TempDir(), "NODE_ENV=development")
	if output, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("npm: %v\n%s", err, output)
	}
}

// node runs a script of the app's.
func (w *world) node(script string) string {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(nodeHome.dir, "armature_node-engine/node-build/bin/node"), script)
	cmd.Dir = w.app
	output, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Errorf("%s: %v\n%s", script, err, output)
	}
	return strings.TrimSpace(string(output))
}
