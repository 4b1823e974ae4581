package npminstall_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
)

func testChosenNPM(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("with an npmrc", func() {
		it("reads that of a service binding", func() {
			f.withLock(simple)
			f.env = f.env.Without("NPM_CONFIG_REGISTRY")
			writeFiles(t, f.platform, files{"bindings/rc/type": "npmrc", "bindings/rc/.npmrc": "registry=" + f.npms.URL + "/\n"})
			layers := f.built(buildAndLaunch)
			path := filepath.Join(f.platform, "bindings", "rc", ".npmrc")
			Expect(layers["build-modules"].BuildEnv).To(HaveKeyWithValue("NPM_CONFIG_GLOBALCONFIG.default", path))
			Expect(f.log.String()).To(ContainSubstring("Loading service binding of type 'npmrc'"))
		})

		for _, variable := range []string{"NPM_CONFIG_GLOBALCONFIG", "npm_config_globalconfig"} {
			it("reads what "+variable+" names, and no binding then", func() {
				f.withLock(simple)
				path := filepath.Join(t.TempDir(), "npmrc")
				Expect(os.WriteFile(path, []byte("registry="+f.npms.URL+"/\n"), 0o644)).To(Succeed())
				f.env = f.env.Without("NPM_CONFIG_REGISTRY").With(variable, path)
				writeFiles(t, f.platform, files{"bindings/a/type": "npmrc", "bindings/b/type": "npmrc"})
				f.built(launchOnly)
			})
		}

		for _, row := range []struct {
			name     string
			bindings files
		}{
			{"there are two", files{"bindings/a/type": "npmrc", "bindings/a/.npmrc": "", "bindings/b/type": "npmrc", "bindings/b/.npmrc": ""}},
			{"it has no .npmrc", files{"bindings/a/type": "npmrc", "bindings/a/npmrc": ""}},
		} {
			it("is an error when of such bindings "+row.name, func() {
				f.withLock(simple)
				writeFiles(t, f.platform, row.bindings)
				_, err := f.build(launchOnly)
				Expect(err).To(MatchError(&failure.Failure{ID: "npmrc-binding-invalid"}))
			})
		}
	})

	context("with an npm of the app's choice", func() {
		it.Before(func() {
			// A small npm that says what it is, and else is the real one.
			real, err := exec.LookPath("npm")
			Expect(err).NotTo(HaveOccurred())
			script := "#!/bin/sh\nif [ \"$1\" = version ]; then echo '{\"npm\":\"77.0.1\",\"node\":\"1\",\"modules\":\"1\"}'; else exec " + real + " \"$@\"; fi\n"
			f.npms.publish("npm", "77.0.1", map[string]any{"bin": map[string]string{"npm": "bin/npm-cli.js"}},
				files{"bin/npm-cli.js": script, "bin/npx-cli.js": script})
			f.withLock(simple)
		})

		chosen := func(why string) {
			t.Helper()
			request := "77.0.1"
			if _, spec, ok := strings.Cut(why, " is "); ok {
				request, why = spec, strings.TrimSuffix(why, " is "+spec)
			}
			layers := f.built(launchOnly)
			Expect([]bool{layers["npm"].Launch, layers["npm"].Build, layers["npm"].Cache}).To(Equal([]bool{false, true, true}))
			Expect(f.log.String()).To(ContainSubstring("Choosing npm " + request + " (" + why + ")"))
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
			output, err := exec.Command(filepath.Join(f.layersDir, "npm", "bin", "npm"), "version").Output()
			Expect(err).NotTo(HaveOccurred())
			Expect(string(output)).To(ContainSubstring("77.0.1"))
		}

		it("installs that of BP_NPM_VERSION and changes nothing of the app's", func() {
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1")
			before := treeOf(t, f.app)
			chosen("BP_NPM_VERSION")
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(treeOf(t, f.app)).To(Equal(before))
		})

		it("tells it the registry of last resort and the folder for global packages, below all of npm's configuration", func() {
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1").With("BP_NPM_REGISTRY", "https://last.example/").With("NODE_HOME", "/layers/home")
			chosen("BP_NPM_VERSION")
			text, err := os.ReadFile(filepath.Join(f.layersDir, "npm", "node_modules", "npm", "npmrc"))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(Equal("registry=\"https://last.example/\"\nprefix=\"/layers/home\"\n"))
		})

		it("installs that of packageManager", func() {
			f.withLock(files{"package.json": `{"name":"app","packageManager":"npm@77.0.1+sha512.abc","dependencies":{"hello":"^1.0.0"}}`})
			chosen("package.json: packageManager")
		})

		for _, row := range []struct{ name, field string }{
			{"devEngines.packageManager is >=77", `"devEngines":{"packageManager":{"name":"npm","version":">=77"}}`},
			{"engines.npm is >=77 <78", `"engines":{"npm":">=77 <78"}`},
		} {
			it("installs one that fits the range of "+row.name, func() {
				f.withLock(files{"package.json": `{"name":"app","dependencies":{"hello":"^1.0.0"}}`})
				writeFiles(t, f.app, files{"package.json": `{"name":"app",` + row.field + `,"dependencies":{"hello":"^1.0.0"}}`})
				f.env = f.env.With("NPM_CONFIG_FORCE", "true") // the one that comes after is no npm 77
				chosen("package.json: " + row.name)
			})
		}

		for _, row := range []struct{ name, field string }{
			{"fits the npm that is there", `"engines":{"npm":">=8"},"devEngines":{"packageManager":{"name":"npm","version":"> 1"}}`},
			{"cannot be read", `"engines":{"npm":"please use yarn"}`},
			{"is of another manager", `"packageManager":"pnpm@9.0.0"`},
		} {
			it("keeps the one that there is when the request "+row.name, func() {
				writeFiles(t, f.app, files{"package.json": `{"name":"app",` + row.field + `,"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`})
				f.env = f.env.With("BP_NODE_PACKAGE_MANAGER", "npm")
				Expect(f.built(launchOnly)).NotTo(HaveKey("npm"))
			})
		}

		it("goes on with the one that there is when engines.npm wants one that cannot be had", func() {
			writeFiles(t, f.app, files{"package.json": `{"name":"app","engines":{"npm":">=99"},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`})
			Expect(f.built(launchOnly)).NotTo(HaveKey("npm"))
			Expect(f.log.String()).To(ContainSubstring("WARNING: going on with npm"))
			Expect(filepath.Join(f.layersDir, "npm")).NotTo(BeADirectory())
		})

		it("reads the project's .npmrc for it, and keeps no copy", func() {
			f.env = f.env.Without("NPM_CONFIG_REGISTRY").With("npm_config_registry", "") // nothing but the file names one
			writeFiles(t, f.app, files{".npmrc": "registry=" + f.npms.URL + "/\n"})
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1")
			chosen("BP_NPM_VERSION")
			Expect(filepath.Join(f.layersDir, "npm", ".npmrc")).NotTo(BeAnExistingFile())
		})

		it("has it at launch where npm is called there, without the build's registry", func() {
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1").With("BP_NPM_REGISTRY", "https://last.example/")
			plan := wants(map[string]any{"launch": true, "relinks": true, "npm": true})
			layers := f.built(plan)
			Expect([]bool{layers["npm-launch"].Launch, layers["npm-launch"].Build, layers["npm-launch"].Cache}).To(Equal([]bool{true, false, false}))
			output, err := exec.Command(filepath.Join(f.layersDir, "npm-launch", "bin", "npm"), "version").Output()
			Expect(err).NotTo(HaveOccurred())
			Expect(string(output)).To(ContainSubstring("77.0.1"))
			Expect(filepath.Join(f.layersDir, "npm-launch", "node_modules", "npm", "npmrc")).NotTo(BeAnExistingFile())
			f.restore(layers)
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(f.built(plan)).To(HaveKey("npm-launch"))
			Expect(filepath.Join(f.layersDir, "npm-launch", "bin")).NotTo(BeADirectory())
		})

		it("has it at launch whoever wants npm there", func() {
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1").With("ARMATURE_NPM_AT_LAUNCH", "true")
			layers := f.built(wants(map[string]any{"launch": true, "relinks": true}))
			Expect(layers["npm-launch"].Launch).To(BeTrue())
			Expect(filepath.Join(f.layersDir, "npm-launch", "bin", "npm")).To(BeAnExistingFile())
		})

		it("keeps an exact version for the next build", func() {
			f.env = f.env.With("BP_NPM_VERSION", "77.0.1")
			f.restore(f.built(launchOnly))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			calls := f.npms.calls()
			f.built(launchOnly)
			Expect(f.npms.calls()).To(Equal(calls))
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(f.layersDir, "npm")))
		})

		it("is an error when there is no such version", func() {
			f.env = f.env.With("BP_NPM_VERSION", "99")
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "package-version-not-found"}))
			Expect(err).To(MatchError(ContainSubstring("npm@99")))
		})
	})
}
