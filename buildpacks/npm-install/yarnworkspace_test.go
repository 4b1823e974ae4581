//go:build managers

package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	whole "github.com/armature-cnb/armature/internal/files/tree"
)

// serveYarn lets the registry have a real Yarn, and lets that write the app's
// lockfile.
func (f *fixture) serveYarn(name, version string) {
	f.t.Helper()
	f.npms.publishReal(name, version)
	dir := f.t.TempDir()
	writeFiles(f.t, dir, files{"yarn.tgz": string(f.npms.releases[name][version].tarball)})
	f.run(dir, "tar", "xzf", "yarn.tgz")
	program, err := filepath.Glob(filepath.Join(dir, "*/bin/yarn.js"))
	f.Expect(program, err).To(HaveLen(1))
	env := f.env
	defer func() { f.env = env }()
	f.env = f.env.With("YARN_NPM_REGISTRY_SERVER", f.npms.URL).With("YARN_UNSAFE_HTTP_WHITELIST", "127.0.0.1").
		With("YARN_CACHE_FOLDER", filepath.Join(dir, "cache")).With("YARN_ENABLE_GLOBAL_CACHE", "false").With("YARN_ENABLE_IMMUTABLE_INSTALLS", "false").
		With("YARN_NPM_MINIMAL_AGE_GATE", "0") // the registry does not say when a version came
	args := []string{program[0], "install", "--ignore-scripts", "--non-interactive"}
	if name != "yarn" {
		args = []string{program[0], "install", "--mode=update-lockfile"}
	}
	f.run(f.app, "node", args...)
	for _, left := range []string{"node_modules", ".yarn"} {
		f.Expect(whole.Remove(filepath.Join(f.app, left))).To(Succeed())
	}
}

// For both targets, the image has one workspace with what it depends on, built in
// order, twice the same, and packages of the target only.
func TestAMonorepoOfYarn(t *testing.T) {
	for _, row := range []struct{ name, version, own string }{{"yarn", "1.22.22", "1.0.0"}, {"@yarnpkg/cli-dist", "4.18.1", "workspace:*"}} {
		t.Run(row.version, func(t *testing.T) {
			f := newFixture(t)
			for _, cpu := range []string{"arm64", "x64"} {
				f.npms.publish("fast-"+cpu, "1.0.0", map[string]any{"os": []string{"linux"}, "cpu": []string{cpu}}, nil)
			}
			f.npms.publish("fast", "1.0.0", map[string]any{"optionalDependencies": map[string]string{"fast-arm64": "1.0.0", "fast-x64": "1.0.0"}}, nil)
			f.npms.publish("other", "1.0.0", nil, nil)
			f.upload(files{
				"package.json":              `{"name":"root","private":true,"workspaces":["apps/*","packages/*"],"packageManager":"yarn@` + row.version + `","devDependencies":{"tool":"2.0.0"}}`,
				"apps/api/package.json":     `{"name":"api","version":"1.0.0","dependencies":{"lib":"` + row.own + `","fast":"1.0.0"}}`,
				"apps/api/node.js":          `console.log(require("lib"))`,
				"apps/web/package.json":     `{"name":"web","version":"1.0.0","dependencies":{"other":"1.0.0"}}`,
				"packages/lib/package.json": `{"name":"lib","version":"1.0.0","scripts":{"build":"tool lib"},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"2.0.0"}}`,
				"packages/lib/index.js":     `module.exports = "lib and " + require("hello")`,
			})
			if row.name != "yarn" {
				f.upload(files{".yarnrc.yml": "nodeLinker: node-modules\n"})
			}
			f.serveYarn(row.name, row.version)
			uploaded := filepath.Join(t.TempDir(), "app")
			f.copy(f.app, uploaded)
			f.env = f.env.With("BP_NODE_PROJECT_PATH", "apps/api")
			for _, to := range []targets.Target{hostTarget(t), otherTarget(t)} {
				f.env = f.env.With("CNB_TARGET_ARCH", to.Arch)
				var digests []string
				for range 2 {
					for _, dir := range []string{f.app, f.layersDir} {
						f.Expect(whole.Remove(dir)).To(Succeed())
					}
					f.Expect(os.Mkdir(f.layersDir, 0o755)).To(Succeed())
					f.copy(uploaded, f.app)
					f.built(launchOnly)
					f.Expect(f.runs("apps/api/node.js")).To(Equal("lib and hello@1.0.0\n"))
					f.Expect(f.read("packages/lib/out")).To(Equal("lib\n"))
					digest, err := whole.Digest(f.in("launch-modules"))
					f.Expect(err).NotTo(HaveOccurred())
					digests = append(digests, digest)
				}
				f.Expect(digests[0]).To(Equal(digests[1]))
				f.Expect(filepath.Join(f.app, "apps/web")).NotTo(BeADirectory())
				foreign := strings.Replace("arm64x64", to.Node(), "", 1)
				for name, want := range map[string]bool{"fast-" + to.Node(): true, "fast-" + foreign: false, "tool": false, "other": false} {
					f.Expect(whole.Exists(f.modules("launch-modules", name))).To(Equal(want), name)
				}
			}
		})
	}
}
