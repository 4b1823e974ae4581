package npminstall_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func testBuildAndLaunch(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("for the build and the launch", func() {
		it.Before(func() { f.withLock(simple) })

		it("has all dependencies for the build and those of production for the launch", func() {
			layers := f.built(buildAndLaunch)
			Expect(layers).To(HaveLen(3))
			modulesLayer := layers["build-modules"]
			Expect([]bool{modulesLayer.Launch, modulesLayer.Build, modulesLayer.Cache}).To(Equal([]bool{false, true, true}))
			Expect(f.modules("build-modules", "tool")).To(BeADirectory())
			Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
			Expect(modulesLayer.BuildEnv).To(Equal(packit.Environment{
				"ARMATURE_BUILD_INCLUDES_DEV.override": "true",
				"NPM_CONFIG_INCLUDE.default":           "dev",
				"PATH.append":                          f.modules("build-modules", ".bin"),
				"PATH.delim":                           ":",
				"ARMATURE_LAUNCH_MODULES.override":     filepath.Join(f.layersDir, "launch-modules"),
			}))
			Expect(nodemodules.Relink(f.app, modulesLayer.BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))

			Expect(layers["launch-modules"].ExecD).To(BeEmpty(), "needs no helper at launch")
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("has a helper where nobody promises to lead the links to the launch", func() {
			layers := f.built(wants(map[string]any{"launch": true, "build": true}))
			Expect(layers["launch-modules"].ExecD).To(Equal([]string{"/cnb/npm-install/bin/linux-" + hostTarget(t).Arch + "/relink"}))
			Expect(filepath.Join(f.layersDir, "launch-modules", "links.json")).To(BeARegularFile())
			Expect(f.log.String()).To(ContainSubstring("WARNING: node_modules leads to build-modules"))
		})

		it("reuses both", func() {
			f.restore(f.built(buildAndLaunch))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			calls := f.npms.calls()
			layers := f.built(buildAndLaunch)
			Expect(f.npms.calls()).To(Equal(calls))
			Expect(f.modules("build-modules", "tool")).To(BeADirectory())
			Expect(nodemodules.Relink(f.app, layers["build-modules"].BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))

			f.restore(layers)
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			layers = f.built(buildOnly)
			Expect(layers).NotTo(HaveKey("launch-modules"), "has nothing of the launch in a later build without one")
			Expect(layers["build-modules"].BuildEnv).NotTo(HaveKey("ARMATURE_LAUNCH_MODULES.override"))
			Expect(f.modules("build-modules", "..", "env.build", "ARMATURE_LAUNCH_MODULES.override")).NotTo(BeARegularFile())
		})

		it("takes the link that the build before left behind for no modules", func() {
			f.built(buildAndLaunch)
			before := treeOf(t, f.modules("build-modules"))
			f.built(buildAndLaunch)
			Expect(treeOf(t, f.modules("build-modules"))).To(Equal(before))
			Expect(f.log.String()).NotTo(ContainSubstring("npm rebuild"))
		})
	})

	it("makes no layer of modules when nobody wants one", func() {
		f.withLock(simple)
		Expect(f.built(packit.BuildpackPlan{})).To(BeEmpty())
	})

	context("without a lockfile", func() {
		it("runs npm install, every time", func() {
			writeFiles(t, f.app, simple)
			layers := f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm install'"))
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
			f.restore(layers)
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(os.Remove(filepath.Join(f.app, "package-lock.json"))).To(Succeed())
			f.built(launchOnly)
			Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
		})

		it("installs the same versions for the build and the launch", func() {
			writeFiles(t, f.app, simple)
			f.built(buildAndLaunch)
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.modules("launch-modules", "word")).To(BeADirectory())
		})

		it("also where npm is told to write none", func() {
			writeFiles(t, f.app, simple)
			writeFiles(t, f.app, files{".npmrc": "package-lock=false\n"})
			f.built(buildAndLaunch)
			Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
		})

		it("takes an empty node_modules for none", func() {
			writeFiles(t, f.app, simple)
			Expect(os.Mkdir(filepath.Join(f.app, "node_modules"), 0o755)).To(Succeed())
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm install'"))
		})
	})

	it("has an empty folder for a project without dependencies", func() {
		f.withLock(files{"package.json": `{"name":"app","version":"1.0.0"}`})
		f.built(launchOnly)
		Expect(f.modules("launch-modules")).To(BeADirectory())
	})
}
