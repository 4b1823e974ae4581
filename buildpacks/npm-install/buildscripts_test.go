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
)

// withScripts is a package.json with these scripts, a dependency and one for
// development.
func withScripts(scripts string) string {
	return fmt.Sprintf(`{"name":"app","version":"1.0.0","scripts":{%s},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`, scripts)
}

// withScripts uploads an app with these scripts, and its lockfile.
func (f *fixture) withScripts(scripts string) func() {
	return func() {
		f.withLock(files{"package.json": withScripts(scripts), "app.js": `console.log(require("hello"))`})
	}
}

func testBuildScripts(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("when package.json has a script called build", func() {
		it("runs it with devDependencies, and leaves those of production for the launch", func() {
			f.withScripts(`"build":"tool made"`)()
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
			f.withScripts(`"build":"test -d node_modules && test ! -L node_modules && pwd -P > out && cd node_modules/tool && pwd -P >> ../../out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal(f.app + "\n" + f.app + "/node_modules/tool\n"))
			f.next(f.withScripts(`"build":"test -d node_modules && test ! -L node_modules && pwd -P > out && cd node_modules/tool && pwd -P >> ../../out"`))
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer " + f.in("build-modules")))
			Expect(f.read("out")).To(Equal(f.app + "\n" + f.app + "/node_modules/tool\n"))
		})

		it("goes on when a script has left a process behind that holds its output, and names it", func() {
			f.withScripts(`"build":"node build.js"`)()
			writeFiles(t, f.app, files{"build.js": `require("child_process").spawn("sleep", ["120"], {detached: true, stdio: "inherit"}).unref(); console.log("built")`})
			start := time.Now()
			f.built(launchOnly)
			Expect(time.Since(start)).To(BeNumerically("<", time.Minute))
			Expect(f.log.String()).To(MatchRegexp(`built\n(.*\n)*.*WARNING: \[process-left-behind\] ended what a script has left running: sleep 120 \(process \d+\)`))
		})

		it("runs it with the NODE_ENV of the build, and its hooks as npm does", func() {
			f.env = f.env.With("NODE_ENV", "production")
			f.withScripts(`"prebuild":"echo pre > out","build":"echo $NODE_ENV $npm_lifecycle_event >> out","postbuild":"echo post >> out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("pre\nproduction build\npost\n"))
		})

		it("installs nothing again when no manifest changed, and runs the script", func() {
			f.withScripts(`"build":"tool made"`)()
			f.built(launchOnly)
			f.next(f.withScripts(`"build":"tool made"`))
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
			f.withScripts(script)()
			f.built(launchOnly)
			Expect(f.modules("launch-modules", ".cache")).NotTo(BeADirectory())
			f.next(f.withScripts(script))
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("x\nx\n"))
		})

		it("has node_modules/.cache in the image when told to", func() {
			f.env = f.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
			script := `"build":"mkdir -p node_modules/.cache && echo x >> node_modules/.cache/x"`
			f.withScripts(script)()
			f.built(launchOnly)
			Expect(os.ReadFile(f.modules("launch-modules", ".cache", "x"))).To(BeEquivalentTo("x\n"))
			f.next(f.withScripts(script))
			f.built(launchOnly)
			Expect(os.ReadFile(f.modules("launch-modules", ".cache", "x"))).To(BeEquivalentTo("x\nx\n"))
		})

		it("takes code that the script generates in node_modules into the launch, but for that of packages for development", func() {
			generate := func(text string) func() {
				return f.withScripts(`"build":"mkdir -p node_modules/.client && echo ` + text + ` > node_modules/.client/index.js && echo // >> node_modules/tool/index.js && echo 'module.exports=1' > node_modules/hello/index.js"`)
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
			f.withScripts(`"build":"cp app.js node_modules/.generated.js"`)()
			f.built(launchOnly)
			f.next(func() {
				f.withScripts(`"build":"cp app.js node_modules/.generated.js"`)()
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
			f.withScripts(`"build":"tool made"`)()
			layers := f.built(launchOnly)
			Expect(layers).To(HaveKey("build-modules"))
			Expect(layers).NotTo(HaveKey("launch-modules"))
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(filepath.Join(f.app, "node_modules")).NotTo(BeADirectory())

			f.next(f.withScripts(`"build":"tool made"`))
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("made\n"))
		})

		it("runs in the project's folder", func() {
			root := f.app
			f.app = filepath.Join(root, "web")
			f.withScripts(`"build":"tool made"`)()
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
			f.withScripts(`"build":"tool made"`)()
			layers := f.built(buildAndLaunch)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
			Expect(layers["build-modules"].Build).To(BeTrue())
			Expect(layers["build-modules"].BuildEnv).To(HaveKey("ARMATURE_LAUNCH_MODULES.override"))
		})

		it("runs also where nothing is wanted at launch", func() {
			f.withScripts(`"build":"tool made"`)()
			f.built(buildOnly)
			Expect(f.read("out")).To(Equal("made\n"))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
		})
	})
}
