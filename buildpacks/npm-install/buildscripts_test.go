package npminstall_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// withScripts is a package.json with these scripts, a dependency and one for
// development.
func withScripts(scripts string) string {
	return fmt.Sprintf(`{"name":"app","version":"1.0.0","scripts":{%s},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`, scripts)
}

func testBuildScripts(t *testing.T, context spec.G, it spec.S) {
	var (
		f      *fixture
		Expect func(actual any, extra ...any) Assertion
	)

	it.Before(func() {
		f = newFixture(t)
		Expect = f.Expect
	})

	app := func(scripts string) func() {
		return func() {
			f.withLock(files{"package.json": withScripts(scripts), "app.js": `console.log(require("hello"))`})
		}
	}

	context("when package.json has a script called build", func() {
		it("runs it with devDependencies, and leaves those of production for the launch", func() {
			app(`"build":"tool made"`)()
			layers := f.built(launchOnly)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
			Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.runs("app.js")).To(Equal("hello@1.0.0\n"))

			modules := layers["build-modules"]
			Expect([]bool{modules.Launch, modules.Build, modules.Cache}).To(Equal([]bool{false, false, true}))
			Expect(modules.BuildEnv).To(BeEmpty())
			Expect(layers["launch-modules"].ExecD).To(BeEmpty())
			Expect(f.log.String()).To(ContainSubstring("Executing build scripts: build (package.json)"))
			Expect(f.log.String()).To(ContainSubstring("Running 'npm run build'"))

			entries, err := os.ReadDir(f.layersDir)
			Expect(err).NotTo(HaveOccurred())
			Expect(entries).To(HaveLen(3), "leaves no file of its own behind") // build-modules, launch-modules, npm-cache
			entries, err = os.ReadDir(f.app)
			Expect(err).NotTo(HaveOccurred())
			Expect(entries).To(HaveLen(5)) // app.js, node_modules, out, package.json, package-lock.json
		})

		it("has node_modules as a folder meanwhile, which bundlers want", func() {
			app(`"build":"test -d node_modules && test ! -L node_modules && pwd -P > out && cd node_modules/tool && pwd -P >> ../../out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal(f.app + "\n" + f.app + "/node_modules/tool\n"))
			f.next(app(`"build":"test -d node_modules && test ! -L node_modules && pwd -P > out && cd node_modules/tool && pwd -P >> ../../out"`))
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer " + f.in("build-modules")))
			Expect(f.read("out")).To(Equal(f.app + "\n" + f.app + "/node_modules/tool\n"))
		})

		it("goes on when a script has left a process behind that holds its output, and names it", func() {
			app(`"build":"node build.js"`)()
			writeFiles(t, f.app, files{"build.js": `require("child_process").spawn("sleep", ["120"], {detached: true, stdio: "inherit"}).unref(); console.log("built")`})
			start := time.Now()
			f.built(launchOnly)
			Expect(time.Since(start)).To(BeNumerically("<", time.Minute))
			Expect(f.log.String()).To(MatchRegexp(`built\n(.*\n)*.*WARNING: \[process-left-behind\] ended what a script has left running: sleep 120 \(process \d+\)`))
		})

		it("runs it with the NODE_ENV of the build, and its hooks as npm does", func() {
			f.env = f.env.With("NODE_ENV", "production")
			app(`"prebuild":"echo pre > out","build":"echo $NODE_ENV $npm_lifecycle_event >> out","postbuild":"echo post >> out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("pre\nproduction build\npost\n"))
		})

		it("installs nothing again when no manifest changed, and runs the script", func() {
			app(`"build":"tool made"`)()
			f.built(launchOnly)
			f.next(app(`"build":"tool made"`))
			calls := f.npms.calls()
			f.built(launchOnly)
			Expect(f.npms.calls()).To(Equal(calls))
			Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(2))
			Expect(f.log.String()).NotTo(ContainSubstring("Running 'npm ci"))
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
		})

		it("keeps node_modules/.cache for the next build, and out of the image", func() {
			script := `"build":"mkdir -p node_modules/.cache && echo x >> node_modules/.cache/x && cp node_modules/.cache/x out"`
			app(script)()
			f.built(launchOnly)
			Expect(f.modules("launch-modules", ".cache")).NotTo(BeADirectory())
			f.next(app(script))
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("x\nx\n"))
		})

		it("has node_modules/.cache in the image when told to", func() {
			f.env = f.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
			script := `"build":"mkdir -p node_modules/.cache && echo x >> node_modules/.cache/x"`
			app(script)()
			f.built(launchOnly)
			Expect(os.ReadFile(f.modules("launch-modules", ".cache", "x"))).To(BeEquivalentTo("x\n"))
			f.next(app(script))
			f.built(launchOnly)
			Expect(os.ReadFile(f.modules("launch-modules", ".cache", "x"))).To(BeEquivalentTo("x\nx\n"))
		})

		it("takes code that the script generates in node_modules into the launch, but for that of packages for development", func() {
			generate := func(text string) func() {
				return app(`"build":"mkdir -p node_modules/.client && echo ` + text + ` > node_modules/.client/index.js && echo // >> node_modules/tool/index.js && echo 'module.exports=1' > node_modules/hello/index.js"`)
			}
			generate("one")()
			f.built(launchOnly)
			Expect(os.ReadFile(f.modules("launch-modules", ".client", "index.js"))).To(BeEquivalentTo("one\n"))
			Expect(os.ReadFile(f.modules("launch-modules", "hello", "index.js"))).To(BeEquivalentTo("module.exports=1\n"))
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.modules("build-modules", ".client")).NotTo(BeADirectory())

			f.next(generate("one"))
			f.built(launchOnly)
			Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(2))

			f.next(generate("two"))
			f.built(launchOnly)
			Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
		})

		it("installs anew only for the launch when what is generated changes", func() {
			app(`"build":"cp app.js node_modules/.generated.js"`)()
			f.built(launchOnly)
			f.next(func() {
				app(`"build":"cp app.js node_modules/.generated.js"`)()
				writeFiles(t, f.app, files{"app.js": "// another"})
			})
			f.built(launchOnly)
			Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(1))
			Expect(os.ReadFile(f.modules("launch-modules", ".generated.js"))).To(BeEquivalentTo("// another"))
		})

		it("lets the script install what a client in a folder needs for its own build", func() {
			f.env = f.env.With("NODE_ENV", "production")
			f.withLock(files{
				"package.json":        withScripts(`"build":"cd client && npm install && npm run build"`),
				"client/package.json": `{"name":"client","scripts":{"build":"tool client"},"devDependencies":{"tool":"2.0.0"}}`,
			})
			f.built(launchOnly)
			Expect(f.read("client/out")).To(Equal("client\n"))
		})

		it("needs no lockfile", func() {
			writeFiles(t, f.app, files{"package.json": withScripts(`"build":"tool made"`), "app.js": `console.log(require("hello"))`})
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.runs("app.js")).To(Equal("hello@1.0.0\n"))
		})

		it("leaves node_modules out of the app image when told to, for what the script bundles", func() {
			f.env = f.env.With("BP_NODE_KEEP_MODULES", "false")
			app(`"build":"tool made"`)()
			layers := f.built(launchOnly)
			Expect(layers).To(HaveKey("build-modules"))
			Expect(layers).NotTo(HaveKey("launch-modules"))
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(filepath.Join(f.app, "node_modules")).NotTo(BeADirectory())

			f.next(app(`"build":"tool made"`))
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("made\n"))
		})

		it("runs in the project's folder", func() {
			root := f.app
			f.app = filepath.Join(root, "web")
			app(`"build":"tool made"`)()
			f.app, f.env = root, f.env.With("BP_NODE_PROJECT_PATH", "web")
			f.built(launchOnly)
			Expect(f.read("web/out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "web", "node_modules"))).To(Equal(f.modules("launch-modules")))
		})

		it("runs it with the host's modules for another target", func() {
			host, other := hostTarget(t), otherTarget(t)
			f.env = f.env.With("CNB_TARGET_ARCH", other.Arch)
			for _, one := range targets.All() {
				f.npms.publish("native-"+one.Node(), "1.0.0", map[string]any{"os": []string{"linux"}, "cpu": []string{one.Node()}}, nil)
			}
			f.npms.publish("native", "1.0.0", map[string]any{"optionalDependencies": map[string]string{"native-x64": "1.0.0", "native-arm64": "1.0.0"}}, nil)
			f.withLock(files{"package.json": `{"name":"app","scripts":{"build":"ls node_modules > out"},"dependencies":{"native":"1.0.0"}}`})
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("native\nnative-" + host.Node() + "\n"))
			Expect(f.modules("launch-modules", "native-"+other.Node())).To(BeADirectory())
			Expect(f.modules("launch-modules", "native-"+host.Node())).NotTo(BeADirectory())
		})

		it("leads node_modules to the modules of the build where a later buildpack wants them", func() {
			app(`"build":"tool made"`)()
			layers := f.built(buildAndLaunch)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
			Expect(layers["build-modules"].Build).To(BeTrue())
			Expect(layers["build-modules"].BuildEnv).To(HaveKey("ARMATURE_LAUNCH_MODULES.override"))
		})

		it("runs also where nothing is wanted at launch", func() {
			app(`"build":"tool made"`)()
			f.built(buildOnly)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
		})

	})

	context("with vendored modules", func() {
		vendored := func(which string) func() {
			return func() {
				app(`"build":"tool made"`)()
				npm(t, f.env, f.app, "ci", which)
			}
		}

		it("runs the script with them, and takes devDependencies out afterwards", func() {
			vendored("--include=dev")()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.runs("app.js")).To(Equal("hello@1.0.0\n"))

			f.next(vendored("--include=dev"))
			f.built(launchOnly)
			Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(2))
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
		})

		it("runs no script that nobody named without devDependencies among them", func() {
			vendored("--omit=dev")()
			f.built(launchOnly)
			Expect(f.read("out")).To(BeEmpty())
			Expect(f.log.String()).To(ContainSubstring("WARNING: not running the script build: the vendored node_modules lack dependencies for development"))
			Expect(f.runs("app.js")).To(Equal("hello@1.0.0\n"))
		})

		it("is an error when such a script is named", func() {
			f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "build")
			vendored("--omit=dev")()
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "vendored-modules-incomplete"}))
		})
	})

	context("with BP_NODE_RUN_SCRIPTS", func() {
		it("runs the scripts that it names, in that order, in place of build", func() {
			f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "two, one")
			app(`"build":"tool made","one":"echo one >> out","two":"echo two >> out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("two\none\n"))
			Expect(f.log.String()).To(ContainSubstring("Executing build scripts: two, one (BP_NODE_RUN_SCRIPTS)"))
		})

		it("runs none with the word none, and installs nothing for it", func() {
			f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "none")
			app(`"build":"tool made"`)()
			Expect(f.built(launchOnly)).NotTo(HaveKey("build-modules"))
			Expect(f.read("out")).To(BeEmpty())
		})

		for _, row := range []struct{ name, id string }{{"build,missing", "build-script-missing"}, {"build,,build", "setting-invalid"}} {
			it("is an error when it cannot be followed: "+row.name, func() {
				f.env = f.env.With("BP_NODE_RUN_SCRIPTS", row.name)
				app(`"build":"tool made","dev":"tool dev"`)()
				_, err := f.build(launchOnly)
				Expect(err).To(MatchError(&failure.Failure{ID: row.id}))
			})
		}
	})

	it("makes no modules for the build where there is no script", func() {
		app(`"start":"node app.js"`)()
		Expect(f.built(launchOnly)).NotTo(HaveKey("build-modules"))
	})

}

func TestBuildScriptFailures(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, scripts, id, says string }{
		{"ends badly", `"build":"exit 3"`, "build-script-failed", "the build script build failed: `exit 3` ended with exit status 3"},
		{"has a hook that ends badly", `"prebuild":"exit 4","build":"true"`, "build-script-failed", "the hook prebuild of the build script build failed: `exit 4` ended with exit status 4"},
		{"calls a missing command", `"build":"missing-tool --all"`, "build-script-command-missing", "there is no command missing-tool"},
		{"is killed", `"build":"kill -9 $$"`, "build-script-failed", "ended with signal: killed\nTo fix it: a machine that runs out of memory"},
		{"has a process that is killed", `"build":"sh -c 'kill -9 $$'; exit $?"`, "build-script-failed", "a machine that runs out of memory"},
		{"has too little memory", `"build":"echo FATAL ERROR: JavaScript heap out of memory; exit 134"`, "out-of-memory", "there was not enough memory"},
		{"fills the disk", `"build":"echo Error: ENOSPC: no space left on device, write; exit 1"`, "disk-full", "the disk is full"},
		{"watches too many files", `"build":"echo Error: ENOSPC: System limit for number of file watchers reached, watch x; exit 1"`, "build-script-failed", "ended with exit status 1"},
		{"installs what there is not", `"build":"npm install no-such-package"`, "package-not-found", "the build script build failed: npm run failed: the registry does not have a package"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.withLock(files{"package.json": withScripts(tc.scripts)})
			_, err := f.build(launchOnly)
			f.Expect(err).To(MatchError(&failure.Failure{ID: tc.id}))
			f.Expect(err).To(MatchError(ContainSubstring(tc.says)))
		})
	}
}

func TestBuildScriptFailureWithoutOutput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = f.env.With("NPM_CONFIG_LOGLEVEL", "silent")
	f.withLock(files{"package.json": withScripts(`"build":"exit 3"`)})
	_, err := f.build(launchOnly)
	f.Expect(err).To(MatchError(&failure.Failure{ID: "build-script-failed"}))
	f.Expect(err).To(MatchError(ContainSubstring("`exit 3` ended with exit status 3")))
}
