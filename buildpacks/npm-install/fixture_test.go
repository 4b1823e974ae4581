package npminstall_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
)

// fixture is an app that is built with a registry of its own, once or several
// times in a row.
type fixture struct {
	t      *testing.T
	Expect func(actual any, extra ...any) Assertion

	app, layersDir, platform string
	cnb                      string // the buildpack's folder
	env                      environ.List
	npms                     *registry
	log                      bytes.Buffer
	layers                   map[string]packit.Layer // of the last build
	image                    string                  // the launch layers of the build before
	version                  string                  // of the buildpack
	distro                   packit.TargetDistro
}

// simple is an app with a dependency and one for development.
var simple = files{
	"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`,
	"node.js":      `console.log(require("hello"))`,
}

// newFixture has a registry with hello, which depends on word, and with tool,
// whose command writes its arguments into a file out.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	needNPM(t)
	f := &fixture{t: t, Expect: NewWithT(t).Expect, app: t.TempDir(), layersDir: t.TempDir(), platform: t.TempDir(), npms: newRegistry(t),
		cnb: "/cnb/npm-install", version: "1.2.3", distro: packit.TargetDistro{Name: "debian", Version: "13"}}
	f.npms.publish("hello", "1.0.0", map[string]any{"dependencies": map[string]string{"word": "^1.0.0"}}, nil)
	f.npms.publish("word", "1.0.0", nil, nil)
	f.npms.publish("word", "1.1.0", nil, nil)
	f.npms.publish("tool", "2.0.0", map[string]any{"bin": "tool.js"}, files{
		"tool.js": "#!/usr/bin/env node\nrequire('fs').writeFileSync('out', process.argv.slice(2).join(' ') + '\\n')\n",
	})
	f.env = f.npms.environment(t).With("CNB_TARGET_ARCH", hostTarget(t).Arch)
	return f
}

func (f *fixture) build(plan packit.BuildpackPlan) (packit.BuildResult, error) {
	return npminstall.Build(f.env, scribe.NewEmitter(&f.log))(packit.BuildContext{
		WorkingDir:    f.app,
		CNBPath:       f.cnb,
		Layers:        packit.Layers{Path: f.layersDir},
		Platform:      packit.Platform{Path: f.platform},
		Plan:          plan,
		BuildpackInfo: packit.BuildpackInfo{ID: "armature/npm-install", Name: "Some Buildpack", Version: f.version},
		TargetDistro:  f.distro,
	})
}

// built is a build that has to succeed; its layers by name.
func (f *fixture) built(plan packit.BuildpackPlan) map[string]packit.Layer {
	f.t.Helper()
	f.log.Reset()
	result, err := f.build(plan)
	f.Expect(err).NotTo(HaveOccurred(), f.log.String())
	f.layers = map[string]packit.Layer{}
	for _, layer := range result.Layers {
		f.layers[layer.Name] = layer
	}
	return f.layers
}

// next is what there is at the begin of the next build: an app as it was
// uploaded, the content of layers in the cache, and no more than the metadata
// of those of the launch.
func (f *fixture) next(upload func()) {
	f.t.Helper()
	f.export()
	f.image = f.t.TempDir()
	for name, layer := range f.layers {
		f.writeMetadata(name, layer)
		if layer.Launch {
			f.Expect(os.Rename(layer.Path, filepath.Join(f.image, name))).To(Succeed())
		}
	}
	entries, err := os.ReadDir(f.app)
	f.Expect(err).NotTo(HaveOccurred())
	for _, entry := range entries {
		f.Expect(os.RemoveAll(filepath.Join(f.app, entry.Name()))).To(Succeed())
	}
	upload()
}

// restore leaves what the lifecycle restores for the next build, and the app as
// it is: content where a layer is cached, of the others only the metadata.
func (f *fixture) restore(layers map[string]packit.Layer) {
	f.t.Helper()
	for name, layer := range layers {
		f.writeMetadata(name, layer)
		if !layer.Cache {
			f.Expect(os.RemoveAll(layer.Path)).To(Succeed())
		}
	}
}

func (f *fixture) writeMetadata(name string, layer packit.Layer) {
	f.t.Helper()
	var text bytes.Buffer
	f.Expect(toml.NewEncoder(&text).Encode(map[string]any{"metadata": layer.Metadata})).To(Succeed())
	writeFiles(f.t, f.layersDir, files{name + ".toml": text.String()})
}

// forOther builds for another target, with what was built restored.
func (f *fixture) forOther(layers map[string]packit.Layer) map[string]packit.Layer {
	f.t.Helper()
	f.restore(layers)
	f.Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
	f.env = f.env.With("CNB_TARGET_ARCH", otherTarget(f.t).Arch)
	return f.built(launchOnly)
}

// rewinder is what makes everything again as it is at the begin of the next
// build, before each of several that are to come after the same one.
func (f *fixture) rewinder(upload func()) func() {
	f.t.Helper()
	f.next(upload)
	saved, env, platform, version, distro := f.t.TempDir(), f.env, f.platform, f.version, f.distro
	folders := map[string]string{"layers": f.layersDir, "app": f.app, "platform": f.platform, "home": f.env.Get("HOME")}
	for name, dir := range folders {
		f.copy(dir, filepath.Join(saved, name))
	}
	return func() {
		f.t.Helper()
		f.env, f.platform, f.version, f.distro = env, platform, version, distro
		for name, dir := range folders {
			f.Expect(os.RemoveAll(dir)).To(Succeed())
			f.copy(filepath.Join(saved, name), dir)
		}
	}
}

// copy copies a folder as it is.
func (f *fixture) copy(from, to string) {
	f.t.Helper()
	output, err := exec.Command("cp", "-a", from, to).CombinedOutput()
	f.Expect(err).NotTo(HaveOccurred(), string(output))
}

// export makes the app image: launch layers that are reused come from the one
// before.
func (f *fixture) export() {
	f.t.Helper()
	for name, layer := range f.layers {
		if _, err := os.Stat(layer.Path); layer.Launch && err != nil {
			f.Expect(os.Rename(filepath.Join(f.image, name), layer.Path)).To(Succeed())
		}
	}
}

// withLock writes an app and its lockfile.
func (f *fixture) withLock(contents files) {
	f.t.Helper()
	writeFiles(f.t, f.app, contents)
	f.npms.lock(f.env, f.app)
}

// in is a path in a layer.
func (f *fixture) in(layer string, path ...string) string {
	return filepath.Join(append([]string{f.layersDir, layer}, path...)...)
}

// modules is a path in a layer's node_modules.
func (f *fixture) modules(layer string, path ...string) string {
	return f.in(layer, append([]string{"node_modules"}, path...)...)
}

// read is the text of a file of the app, and empty where there is none.
func (f *fixture) read(path string) string {
	text, _ := os.ReadFile(filepath.Join(f.app, path))
	return string(text)
}

// runs runs a script of the app's with Node.js; it is the output.
func (f *fixture) runs(script string) string {
	f.t.Helper()
	cmd := exec.Command("node", script)
	cmd.Dir = f.app
	output, err := cmd.CombinedOutput()
	f.Expect(err).NotTo(HaveOccurred(), string(output))
	return string(output)
}
