package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
)

func testChosenScripts(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("with vendored modules", func() {
		vendored := func(which string) func() {
			return func() {
				f.withScripts(`"build":"tool made"`)()
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
			f.withScripts(`"build":"tool made","one":"echo one >> out","two":"echo two >> out"`)()
			f.built(launchOnly)
			Expect(f.read("out")).To(Equal("two\none\n"))
			Expect(f.log.String()).To(ContainSubstring("Executing build scripts: two, one (BP_NODE_RUN_SCRIPTS)"))
		})

		it("runs none with the word none, and installs nothing for it", func() {
			f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "none")
			f.withScripts(`"build":"tool made"`)()
			Expect(f.built(launchOnly)).NotTo(HaveKey("build-modules"))
			Expect(f.read("out")).To(BeEmpty())
		})

		for _, row := range []struct{ name, id string }{{"build,missing", "build-script-missing"}, {"build,,build", "setting-invalid"}} {
			it("is an error when it cannot be followed: "+row.name, func() {
				f.env = f.env.With("BP_NODE_RUN_SCRIPTS", row.name)
				f.withScripts(`"build":"tool made","dev":"tool dev"`)()
				_, err := f.build(launchOnly)
				Expect(err).To(MatchError(&failure.Failure{ID: row.id}))
			})
		}
	})

	it("makes no modules for the build where there is no script", func() {
		f.withScripts(`"start":"node app.js"`)()
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
