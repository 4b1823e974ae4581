package npminstall_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	whole "github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// pnpmFixture is a monorepo of pnpm: apps/api needs packages/lib, which is built,
// and packages with a script, with binaries for each platform, and a private one.
func pnpmFixture(t *testing.T, version string) *fixture {
	t.Helper()
	f := newFixture(t)
	f.npms.publish("fast", "1.0.0", map[string]any{"optionalDependencies": map[string]string{"fast-arm64": "1.0.0", "fast-x64": "1.0.0"}}, nil)
	for _, cpu := range []string{"arm64", "x64"} {
		f.npms.publish("fast-"+cpu, "1.0.0", map[string]any{"os": []string{"linux"}, "cpu": []string{cpu}}, nil)
	}
	const script = "node -e \"require('fs').writeFileSync('made.txt', process.env.npm_config_user_agent.split('/')[0])\""
	for _, name := range []string{"scripted", "unasked"} {
		f.npms.publish(name, "1.0.0", map[string]any{"scripts": map[string]string{"postinstall": script}}, nil)
	}
	allowed := `"pnpm":{"onlyBuiltDependencies":["scripted"]}`
	f.upload(files{
		"package.json":              `{"name":"root","private":true,"packageManager":"pnpm@` + version + `","devDependencies":{"tool":"2.0.0"},` + allowed + `}`,
		"pnpm-workspace.yaml":       "packages: [apps/*, packages/*]\nallowBuilds: {scripted: true, unasked: false}\n",
		"apps/api/package.json":     `{"name":"api","version":"1.0.0","dependencies":{"lib":"workspace:*","fast":"1.0.0","scripted":"1.0.0","unasked":"1.0.0"}}`,
		"apps/api/index.js":         `console.log(require("lib"), require("fast"))`,
		"apps/web/package.json":     `{"name":"web","version":"1.0.0","dependencies":{"tool":"2.0.0"}}`,
		"packages/lib/package.json": `{"name":"lib","version":"1.0.0","main":"out","scripts":{"build":"tool built"},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"2.0.0"}}`,
	})
	f.servePNPM(version)
	f.env = f.env.With("BP_NODE_PROJECT_PATH", "apps/api").With("CNB_TARGET_ARCH", otherTarget(t).Arch)
	return f
}

// upload writes the app's files.
func (f *fixture) upload(contents files) { writeFiles(f.t, f.app, contents) }

// servePNPM lets the registry have a real pnpm, from the registry that npm is
// configured for, and lets that pnpm write the app's lockfile. The registry wants a
// token, which a binding has.
func (f *fixture) servePNPM(version string) {
	f.t.Helper()
	dir := f.t.TempDir()
	cmd := exec.Command(tier.Program(f.t, "npm"), "pack", "--silent", "pnpm@"+version)
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("fetching pnpm: %v\n%s", err, output)
	}
	archive, err := os.ReadFile(filepath.Join(dir, "pnpm-"+version+".tgz"))
	f.Expect(err).NotTo(HaveOccurred())
	login := strings.TrimPrefix(f.npms.URL, "http:") + "/:_authToken=secret\n"
	writeFiles(f.t, f.platform, files{"bindings/npmrc/type": "npmrc", "bindings/npmrc/.npmrc": login})
	writeFiles(f.t, dir, files{".npmrc": login})
	f.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, `{"error":"unauthorized"}`, http.StatusUnauthorized)
			return true
		}
		if r.URL.Path != "/pnpm/-/pnpm-"+version+".tgz" {
			return false
		}
		_, err := w.Write(archive)
		return err == nil
	})
	f.run(dir, "tar", "xzf", "pnpm-"+version+".tgz")
	f.env = f.env.With("NPM_CONFIG_USERCONFIG", filepath.Join(dir, ".npmrc"))
	defer func() { f.env = f.env.Without("NPM_CONFIG_USERCONFIG") }()
	f.run(f.app, "node", filepath.Join(dir, "package", "bin", "pnpm.cjs"), "install", "--lockfile-only", "--no-frozen-lockfile")
}

// run runs a program with the fixture's environment.
func (f *fixture) run(dir, name string, args ...string) {
	f.t.Helper()
	cmd := exec.Command(find(f.t, f.env, name), args...)
	cmd.Dir, cmd.Env = dir, f.env.With("CI", "1").With("PWD", dir)
	if output, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
}

// With nodeLinker: hoisted there is no store: the scripts run in npm's layout.
func TestAHoistedMonorepoOfPNPM(t *testing.T) {
	f := pnpmFixture(t, "10.34.9")
	f.env = f.env.With("NPM_CONFIG_NODE_LINKER", "hoisted")
	launch := f.built(launchOnly)["launch-modules"].Path
	made, err := os.ReadFile(filepath.Join(launch, "node_modules/scripted/made.txt"))
	f.Expect(string(made), err).To(Equal("pnpm"))
	for _, place := range []string{"node_modules/hello/index.js", "node_modules/fast/index.js", "apps/api/node_modules/lib/package.json"} {
		f.Expect(filepath.Join(f.app, place)).To(BeARegularFile())
	}
}

func TestAMonorepoOfPNPM(t *testing.T) {
	versions := []string{"10.34.9"}
	if os.Getenv("ARMATURE_MANAGERS") == tier.All {
		versions = []string{"7.33.7", "8.15.9", "9.15.9", "10.34.9"}
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			f := pnpmFixture(t, version)
			before, err := whole.Digest(f.app)
			f.Expect(err).NotTo(HaveOccurred())
			saved := f.t.TempDir()
			f.copy(f.app, filepath.Join(saved, "app"))

			launch := f.built(launchOnly)["launch-modules"].Path
			store := filepath.Join(launch, "node_modules/.pnpm")
			cpu := map[string]string{"arm64": "arm64", "amd64": "x64"}
			f.Expect(filepath.Join(store, "fast-"+cpu[otherTarget(t).Arch]+"@1.0.0")).To(BeADirectory())
			f.Expect(filepath.Join(store, "fast-"+cpu[hostTarget(t).Arch]+"@1.0.0")).NotTo(BeADirectory())
			f.Expect(filepath.Join(store, "tool@2.0.0")).NotTo(BeADirectory())
			f.Expect(filepath.Join(launch, "node_modules/.modules.yaml")).NotTo(BeAnExistingFile())
			made, err := os.ReadFile(filepath.Join(store, "scripted@1.0.0/node_modules/scripted/made.txt"))
			f.Expect(string(made), err).To(Equal("pnpm"))
			if !strings.HasPrefix(version, "7.") && !strings.HasPrefix(version, "8.") && !strings.HasPrefix(version, "9.") {
				f.Expect(filepath.Join(store, "unasked@1.0.0/node_modules/unasked/made.txt")).NotTo(BeAnExistingFile())
			}
			f.Expect(filepath.Join(f.app, "packages/lib/out")).To(BeARegularFile())
			f.Expect(filepath.Join(f.app, "apps/web")).NotTo(BeADirectory())
			for _, place := range []string{"apps/api/node_modules/lib/node_modules/hello/index.js", "apps/api/node_modules/fast/index.js"} {
				f.Expect(filepath.Join(f.app, place)).To(BeARegularFile())
			}
			first, err := whole.Digest(launch)
			f.Expect(err).NotTo(HaveOccurred())

			// Again from nothing but the app.
			for _, dir := range []string{f.app, f.layersDir} {
				f.Expect(whole.Remove(dir)).To(Succeed())
			}
			f.Expect(os.Mkdir(f.layersDir, 0o755)).To(Succeed())
			f.copy(filepath.Join(saved, "app"), f.app)
			f.Expect(whole.Digest(f.app)).To(Equal(before))
			launch = f.built(launchOnly)["launch-modules"].Path
			f.Expect(whole.Digest(launch)).To(Equal(first))
		})
	}
}
