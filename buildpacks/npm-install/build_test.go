package npminstall_test

import (
	"debug/elf"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

func testBuild(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() {
		f = newFixture(t)
		f.npms.publish("hello", "1.0.0", map[string]any{"dependencies": map[string]string{"word": "^1.0.0"}, "bin": "index.js"}, nil)
	})

	context("for the launch, with a lockfile", func() {
		it.Before(func() { f.withLock(simple) })

		it("installs the production dependencies into a layer and links it", func() {
			layers := f.built(launchOnly)
			Expect(layers).To(HaveLen(2))

			launch := layers["launch-modules"]
			Expect([]bool{launch.Launch, launch.Build, launch.Cache}).To(Equal([]bool{true, false, false}))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
			Expect(f.modules("launch-modules", "hello", "index.js")).To(BeARegularFile())
			Expect(f.modules("launch-modules", ".bin", "hello")).To(BeARegularFile())
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
			Expect(launch.LaunchEnv).To(Equal(packit.Environment{
				"NPM_CONFIG_LOGLEVEL.default": "error",
				"NODE_PROJECT_PATH.default":   f.app,
				"PATH.append":                 f.modules("launch-modules", ".bin"),
				"PATH.delim":                  ":",
			}))
			Expect(launch.BuildEnv).To(BeEmpty())

			cache := layers["npm-cache"]
			Expect([]bool{cache.Launch, cache.Build, cache.Cache}).To(Equal([]bool{false, false, true}))
			Expect(filepath.Glob(filepath.Join(cache.Path, "*"))).To(Equal([]string{filepath.Join(cache.Path, "downloads.tar")}))

			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(f.log.String()).To(ContainSubstring("Installing the packages of the lockfile as npm ci does (2)"))

			first := treeOf(t, f.modules("launch-modules"))
			Expect(os.RemoveAll(filepath.Join(f.app, "node_modules"))).To(Succeed())
			f.built(launchOnly)
			Expect(treeOf(t, f.modules("launch-modules"))).To(Equal(first), "gives the same layer for the same app")
		})

		it("reuses the layer without its content and without asking the registry", func() {
			layers := f.built(launchOnly)
			f.restore(layers)
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			calls := f.npms.calls()
			again := f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(f.layersDir, "launch-modules")))
			Expect(f.npms.calls()).To(Equal(calls))
			Expect(again["launch-modules"].Launch).To(BeTrue())
			Expect(again["launch-modules"].Metadata["cache_sha"]).To(Equal(layers["launch-modules"].Metadata["cache_sha"]))
			Expect(again["launch-modules"].LaunchEnv).To(BeEmpty())
			Expect(filepath.Join(f.layersDir, "launch-modules")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))

			Expect(layers["launch-modules"].Metadata).To(HaveKeyWithValue("any-target", true), "has nothing in it that is for one target")
			again = f.forOther(layers)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer"), "reuses the layer for another target, where nothing in it is for one")
			for _, key := range []string{"cache_sha", "any-target"} {
				Expect(again["launch-modules"].Metadata).To(HaveKeyWithValue(key, layers["launch-modules"].Metadata[key]))
			}
		})

		for _, row := range []struct {
			name     string
			extra    map[string]any
			contents files
		}{
			{name: "has an install script", extra: map[string]any{"scripts": map[string]string{"install": "node index.js"}}},
			{name: "is made for some platforms", extra: map[string]any{"cpu": []string{"arm64", "x64"}}},
			{name: "has native files for several platforms", contents: files{"linux-x64/a.node": library(elf.EM_X86_64), "linux-arm64/a.node": library(elf.EM_AARCH64)}},
		} {
			it("installs anew for another target when a package "+row.name, func() {
				f.npms.publish("native", "1.0.0", row.extra, row.contents)
				f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"native":"^1.0.0"}}`})
				layers := f.built(launchOnly)
				Expect(layers["launch-modules"].Metadata).NotTo(HaveKey("any-target"))
				f.forOther(layers)
				Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
				Expect(f.modules("launch-modules", "native")).To(BeADirectory())
			})
		}

		it("installs anew for another target when native files were not looked at", func() {
			f.env = f.env.With("BP_NODE_MODULES_CHECK", "off")
			f.forOther(f.built(launchOnly))
			Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
		})

		for _, script := range []struct{ name, command string }{
			{"postinstall", "echo made > made"},
			{"postdependencies", "echo made > made"},
			{"prepare", "husky || true && echo made > made"},
			{"prepare", "husky\necho made > made"},
		} {
			it("never reuses what a script of the app's takes part in: "+script.command, func() {
				text, err := json.Marshal(map[string]any{"name": "app", "scripts": map[string]string{script.name: script.command}, "dependencies": map[string]string{"word": "1.0.0"}})
				Expect(err).NotTo(HaveOccurred())
				f.withLock(files{"package.json": string(text)})
				f.restore(f.built(launchOnly))
				Expect(os.RemoveAll(filepath.Join(f.app, "made"))).To(Succeed())
				f.built(launchOnly)
				Expect(filepath.Join(f.app, "made")).To(BeARegularFile())
				Expect(f.log.String()).To(ContainSubstring("package.json has the script " + script.name + ", which may write anywhere in the app"))
			})
		}

		for _, command := range []string{"husky || true", "husky install .config/husky || exit 0", "husky install||:"} {
			it("reuses it where the script only sets up git hooks: "+command, func() {
				f.withLock(files{"package.json": `{"name":"app","scripts":{"prepare":"` + command + `"},"dependencies":{"word":"1.0.0"}}`})
				f.restore(f.built(launchOnly))
				f.built(launchOnly)
				Expect(f.log.String()).To(ContainSubstring("Reusing cached layer"))
			})
		}

		it("reads a shrinkwrap as a lockfile", func() {
			Expect(os.Rename(filepath.Join(f.app, "package-lock.json"), filepath.Join(f.app, "npm-shrinkwrap.json"))).To(Succeed())
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
			Expect(filepath.Join(f.app, "package-lock.json")).NotTo(BeARegularFile())
		})

		it("gives a shrinkwrap to an npm that reads none as a lockfile, for that time", func() {
			Expect(os.Rename(filepath.Join(f.app, "package-lock.json"), filepath.Join(f.app, "npm-shrinkwrap.json"))).To(Succeed())
			f.env = otherVersions(t, f.env, `"npm": ".*"`, `"npm": "12.0.0"`)
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("npm 12.0.0 does not read npm-shrinkwrap.json"))
			Expect(filepath.Join(f.app, "package-lock.json")).NotTo(BeARegularFile())
		})

		it("takes what only compiling needed out of the app image", func() {
			made := []string{"addon.node", "Makefile", "obj.target/addon/a.o", "obj/gen/a.c", ".deps/a.d", "lib.a", "../Makefile", "../config.gypi", "../addon.target.mk", "../binding.Makefile", "../deps/lib.target.mk"}
			script := "for f in " + strings.Join(made, " ") + "; do mkdir -p $(dirname build/Release/$f) && echo > build/Release/$f; done"
			f.npms.publish("compiled", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": script}}, files{"deps/obj.target/kept": "", "deps/obj/kept": ""})
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"compiled":"1.0.0"},"allowScripts":{"compiled":true}}`})
			f.built(launchOnly)
			var left []string
			Expect(filepath.WalkDir(f.modules("launch-modules", "compiled", "build"), func(place string, entry os.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					left = append(left, filepath.Base(filepath.Dir(place))+"/"+entry.Name())
				}
				return err
			})).To(Succeed())
			Expect(left).To(Equal([]string{"Release/Makefile", "Release/addon.node"}))
			Expect(f.modules("launch-modules", "compiled", "deps", "obj.target", "kept")).To(BeARegularFile())
			Expect(f.modules("launch-modules", "compiled", "deps", "obj", "kept")).To(BeARegularFile())
		})

		it("takes modules for other platforms out of the app image, where there is one for the target", func() {
			ours, theirs := "linux-"+hostTarget(t).Node(), "linux-"+otherTarget(t).Node()
			module := func(arch targets.Target) string { return library(arch.ELF()) }
			f.npms.publish("many", "1.0.0", nil, files{
				"prebuilds/" + ours + "/x.glibc.node":   module(hostTarget(t)),
				"prebuilds/" + theirs + "/x.glibc.node": module(otherTarget(t)),
				"prebuilds/darwin-x64+arm64/x.node":     "\xcf\xfa\xed\xfe",
				"prebuilds/notes/about.txt":             "kept",
			})
			f.npms.publish("few", "1.0.0", nil, files{
				"prebuilds/" + ours + "/x.musl.node":    module(hostTarget(t)),
				"prebuilds/" + theirs + "/x.glibc.node": module(otherTarget(t)),
			})
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"many":"1.0.0","few":"1.0.0"}}`})
			f.env = f.env.With("BP_NODE_MODULES_CHECK", "off")
			f.built(launchOnly)
			folders := func(name string) (names []string) {
				entries, err := os.ReadDir(f.modules("launch-modules", name, "prebuilds"))
				Expect(err).NotTo(HaveOccurred())
				for _, entry := range entries {
					names = append(names, entry.Name())
				}
				return names
			}
			Expect(folders("many")).To(ConsistOf(ours, "notes"))
			Expect(folders("few")).To(ConsistOf(ours, theirs))
		})

		it("takes the tools' caches out of the app image", func() {
			f.withLock(files{"package.json": `{"name":"app","scripts":{"postinstall":"mkdir -p node_modules/.cache/x"},"dependencies":{"word":"1.0.0"}}`})
			f.built(launchOnly)
			Expect(f.modules("launch-modules", ".cache")).NotTo(BeADirectory())
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			f.env = f.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
			f.built(launchOnly)
			Expect(f.modules("launch-modules", ".cache", "x")).To(BeADirectory())
		})

		it("installs with a tag that the cache has, and the registry down", func() {
			f.restore(f.built(launchOnly))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			f.version = "1.2.4"
			f.npms.Close()
			f.built(launchOnly)
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
		})
	})

	it("installs in the project's folder", func() {
		root := f.app
		f.app = filepath.Join(root, "web")
		f.withLock(simple)
		f.app = root
		f.env = f.env.With("BP_NODE_PROJECT_PATH", "web")
		layers := f.built(launchOnly)
		Expect(layers["launch-modules"].LaunchEnv).To(HaveKeyWithValue("NODE_PROJECT_PATH.default", filepath.Join(f.app, "web")))
		Expect(os.Readlink(filepath.Join(f.app, "web", "node_modules"))).To(Equal(f.modules("launch-modules")))
	})

	for _, name := range []string{"BP_KEEP_NODE_BUILD_CACHE", "BP_DISABLE_SBOM", "BP_NODE_MODULES_CHECK", "BP_NODE_KEEP_MODULES", "BP_NODE_KEEP_WORKSPACES"} {
		it("is an error when a setting cannot be read: "+name, func() {
			f.withLock(simple)
			f.env = f.env.With(name, "maybe")
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
		})
	}

	it("is an error when there is no npm", func() {
		f.withLock(simple)
		f.env = f.env.With("PATH", t.TempDir())
		_, err := f.build(launchOnly)
		Expect(err).To(MatchError(&failure.Failure{ID: "npm-missing"}))
	})
}
