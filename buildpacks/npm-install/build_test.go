package npminstall_test

import (
	"bytes"
	"debug/elf"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// otherTarget is the target that this program does not run on.
func otherTarget(t *testing.T) targets.Target {
	host := hostTarget(t)
	for _, one := range targets.All() {
		if one != host {
			return one
		}
	}
	t.Fatal("there is only one target")
	return host
}

func hostTarget(t *testing.T) targets.Target {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// library is the beginning of a shared object for a machine.
func library(machine elf.Machine) string {
	header := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, header); err != nil {
		panic(err)
	}
	return out.String()
}

// wants is the plan for node_modules.
func wants(flags map[string]any) packit.BuildpackPlan {
	return packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{{Name: "node_modules", Metadata: flags}}}
}

var (
	launchOnly     = wants(map[string]any{"launch": true, "relinks": true})
	buildOnly      = wants(map[string]any{"build": true})
	buildAndLaunch = packit.BuildpackPlan{Entries: append(buildOnly.Entries, launchOnly.Entries...)}
)

// checksumOf is the digest of a package in a lockfile, in hexadecimal.
func checksumOf(t *testing.T, lockfile, place string) string {
	t.Helper()
	text, err := os.ReadFile(lockfile)
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lock.Packages[place].Integrity, "sha512-"))
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum)
}

func testBuild(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app, layersDir, platform string
		env                      environ.List
		npms                     *registry
		log                      *bytes.Buffer
		version                  string
	)

	it.Before(func() {
		needNPM(t)
		app, layersDir, platform = t.TempDir(), t.TempDir(), t.TempDir()
		npms = newRegistry(t)
		npms.publish("hello", "1.0.0", map[string]any{"dependencies": map[string]string{"word": "^1.0.0"}, "bin": "index.js"}, nil)
		npms.publish("word", "1.0.0", nil, nil)
		npms.publish("word", "1.1.0", nil, nil)
		npms.publish("tool", "2.0.0", map[string]any{"bin": "index.js"}, nil)
		env = npms.environment(t).With("CNB_TARGET_ARCH", hostTarget(t).Arch)
		log = &bytes.Buffer{}
		version = "1.2.3"
	})

	build := func(plan packit.BuildpackPlan) (packit.BuildResult, error) {
		return npminstall.Build(env, scribe.NewEmitter(log))(packit.BuildContext{
			WorkingDir:    app,
			Layers:        packit.Layers{Path: layersDir},
			Platform:      packit.Platform{Path: platform},
			Plan:          plan,
			BuildpackInfo: packit.BuildpackInfo{ID: "armature/npm-install", Name: "Some Buildpack", Version: version},
			TargetDistro:  packit.TargetDistro{Name: "debian", Version: "13"},
		})
	}

	// built is a build that has to succeed; its layers by name.
	built := func(plan packit.BuildpackPlan) map[string]packit.Layer {
		t.Helper()
		result, err := build(plan)
		Expect(err).NotTo(HaveOccurred(), log.String())
		layers := map[string]packit.Layer{}
		for _, layer := range result.Layers {
			layers[layer.Name] = layer
		}
		return layers
	}

	// restore leaves what the lifecycle restores for the next build: content
	// where a layer is cached, metadata only of launch layers, and a new app.
	restore := func(layers map[string]packit.Layer) {
		t.Helper()
		for name, layer := range layers {
			var text bytes.Buffer
			Expect(toml.NewEncoder(&text).Encode(map[string]any{"metadata": layer.Metadata})).To(Succeed())
			writeFiles(t, layersDir, files{name + ".toml": text.String()})
			if !layer.Cache {
				Expect(os.RemoveAll(layer.Path)).To(Succeed())
			}
		}
	}

	simple := files{
		"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`,
		"node.js":      `console.log(require("hello"))`,
	}

	// withLock writes an app and its lockfile.
	withLock := func(contents files) {
		t.Helper()
		writeFiles(t, app, contents)
		npms.lock(env, app)
	}

	// forOther has what was built restored for a build for another target.
	forOther := func(layers map[string]packit.Layer) map[string]packit.Layer {
		t.Helper()
		restore(layers)
		Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
		env = env.With("CNB_TARGET_ARCH", otherTarget(t).Arch)
		log.Reset()
		return built(launchOnly)
	}

	modules := func(layer string, path ...string) string {
		return filepath.Join(append([]string{layersDir, layer, "node_modules"}, path...)...)
	}

	runs := func(script string) string {
		t.Helper()
		cmd := exec.Command("node", script)
		cmd.Dir = app
		output, err := cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
		return string(output)
	}

	context("for the launch, with a lockfile", func() {
		it.Before(func() { withLock(simple) })

		it("installs the production dependencies into a layer and links it", func() {
			layers := built(launchOnly)
			Expect(layers).To(HaveLen(2))

			launch := layers["launch-modules"]
			Expect([]bool{launch.Launch, launch.Build, launch.Cache}).To(Equal([]bool{true, false, false}))
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("launch-modules")))
			Expect(modules("launch-modules", "hello", "index.js")).To(BeARegularFile())
			Expect(modules("launch-modules", ".bin", "hello")).To(BeARegularFile())
			Expect(modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
			Expect(launch.LaunchEnv).To(Equal(packit.Environment{
				"NPM_CONFIG_LOGLEVEL.default": "error",
				"NODE_PROJECT_PATH.default":   app,
				"PATH.append":                 modules("launch-modules", ".bin"),
				"PATH.delim":                  ":",
			}))
			Expect(launch.BuildEnv).To(BeEmpty())

			cache := layers["npm-cache"]
			Expect([]bool{cache.Launch, cache.Build, cache.Cache}).To(Equal([]bool{false, false, true}))
			Expect(filepath.Glob(filepath.Join(cache.Path, "*"))).To(Equal([]string{filepath.Join(cache.Path, "downloads.tar")}))

			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(log.String()).To(ContainSubstring("added 2 packages"))

			first := treeOf(t, modules("launch-modules"))
			Expect(os.RemoveAll(filepath.Join(app, "node_modules"))).To(Succeed())
			built(launchOnly)
			Expect(treeOf(t, modules("launch-modules"))).To(Equal(first), "gives the same layer for the same app")
		})

		it("reuses the layer without its content and without asking the registry", func() {
			layers := built(launchOnly)
			restore(layers)
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			calls := npms.calls()
			again := built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(layersDir, "launch-modules")))
			Expect(npms.calls()).To(Equal(calls))
			Expect(again["launch-modules"].Launch).To(BeTrue())
			Expect(again["launch-modules"].Metadata["cache_sha"]).To(Equal(layers["launch-modules"].Metadata["cache_sha"]))
			Expect(again["launch-modules"].LaunchEnv).To(BeEmpty())
			Expect(filepath.Join(layersDir, "launch-modules")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("launch-modules")))

			Expect(layers["launch-modules"].Metadata).To(HaveKeyWithValue("any-target", true), "has nothing in it that is for one target")
			again = forOther(layers)
			Expect(log.String()).To(ContainSubstring("Reusing cached layer"), "reuses the layer for another target, where nothing in it is for one")
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
				npms.publish("native", "1.0.0", row.extra, row.contents)
				withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"native":"^1.0.0"}}`})
				layers := built(launchOnly)
				Expect(layers["launch-modules"].Metadata).NotTo(HaveKey("any-target"))
				forOther(layers)
				Expect(log.String()).NotTo(ContainSubstring("Reusing"))
				Expect(modules("launch-modules", "native")).To(BeADirectory())
			})
		}

		it("installs anew for another target when native files were not looked at", func() {
			env = env.With("BP_NODE_MODULES_CHECK", "off")
			forOther(built(launchOnly))
			Expect(log.String()).NotTo(ContainSubstring("Reusing"))
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
				withLock(files{"package.json": string(text)})
				restore(built(launchOnly))
				Expect(os.RemoveAll(filepath.Join(app, "made"))).To(Succeed())
				built(launchOnly)
				Expect(filepath.Join(app, "made")).To(BeARegularFile())
				Expect(log.String()).To(ContainSubstring("package.json has the script " + script.name + ", which may write anywhere in the app"))
			})
		}

		for _, command := range []string{"husky || true", "husky install .config/husky || exit 0", "husky install||:"} {
			it("reuses it where the script only sets up git hooks: "+command, func() {
				withLock(files{"package.json": `{"name":"app","scripts":{"prepare":"` + command + `"},"dependencies":{"word":"1.0.0"}}`})
				restore(built(launchOnly))
				built(launchOnly)
				Expect(log.String()).To(ContainSubstring("Reusing cached layer"))
			})
		}

		it("reads a shrinkwrap as a lockfile", func() {
			Expect(os.Rename(filepath.Join(app, "package-lock.json"), filepath.Join(app, "npm-shrinkwrap.json"))).To(Succeed())
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
			Expect(filepath.Join(app, "package-lock.json")).NotTo(BeARegularFile())
		})

		it("gives a shrinkwrap to an npm that reads none as a lockfile, for that time", func() {
			Expect(os.Rename(filepath.Join(app, "package-lock.json"), filepath.Join(app, "npm-shrinkwrap.json"))).To(Succeed())
			env = otherVersions(t, env, `"npm": ".*"`, `"npm": "12.0.0"`)
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("npm 12.0.0 does not read npm-shrinkwrap.json"))
			Expect(filepath.Join(app, "package-lock.json")).NotTo(BeARegularFile())
		})

		it("takes what only compiling needed out of the app image", func() {
			made := []string{"addon.node", "Makefile", "obj.target/addon/a.o", "obj/gen/a.c", ".deps/a.d", "lib.a", "../Makefile", "../config.gypi", "../addon.target.mk", "../binding.Makefile", "../deps/lib.target.mk"}
			script := "for f in " + strings.Join(made, " ") + "; do mkdir -p $(dirname build/Release/$f) && echo > build/Release/$f; done"
			npms.publish("compiled", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": script}}, files{"deps/obj.target/kept": "", "deps/obj/kept": ""})
			withLock(files{"package.json": `{"name":"app","dependencies":{"compiled":"1.0.0"},"allowScripts":{"compiled":true}}`})
			built(launchOnly)
			var left []string
			Expect(filepath.WalkDir(modules("launch-modules", "compiled", "build"), func(place string, entry os.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					left = append(left, filepath.Base(filepath.Dir(place))+"/"+entry.Name())
				}
				return err
			})).To(Succeed())
			Expect(left).To(Equal([]string{"Release/Makefile", "Release/addon.node"}))
			Expect(modules("launch-modules", "compiled", "deps", "obj.target", "kept")).To(BeARegularFile())
			Expect(modules("launch-modules", "compiled", "deps", "obj", "kept")).To(BeARegularFile())
		})

		it("takes modules for other platforms out of the app image, where there is one for the target", func() {
			ours, theirs := "linux-"+hostTarget(t).Node(), "linux-"+otherTarget(t).Node()
			module := func(arch targets.Target) string { return library(arch.ELF()) }
			npms.publish("many", "1.0.0", nil, files{
				"prebuilds/" + ours + "/x.glibc.node":   module(hostTarget(t)),
				"prebuilds/" + theirs + "/x.glibc.node": module(otherTarget(t)),
				"prebuilds/darwin-x64+arm64/x.node":     "\xcf\xfa\xed\xfe",
				"prebuilds/notes/about.txt":             "kept",
			})
			npms.publish("few", "1.0.0", nil, files{
				"prebuilds/" + ours + "/x.musl.node":    module(hostTarget(t)),
				"prebuilds/" + theirs + "/x.glibc.node": module(otherTarget(t)),
			})
			withLock(files{"package.json": `{"name":"app","dependencies":{"many":"1.0.0","few":"1.0.0"}}`})
			env = env.With("BP_NODE_MODULES_CHECK", "off")
			built(launchOnly)
			folders := func(name string) (names []string) {
				entries, err := os.ReadDir(modules("launch-modules", name, "prebuilds"))
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
			withLock(files{"package.json": `{"name":"app","scripts":{"postinstall":"mkdir -p node_modules/.cache/x"},"dependencies":{"word":"1.0.0"}}`})
			built(launchOnly)
			Expect(modules("launch-modules", ".cache")).NotTo(BeADirectory())
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			env = env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
			built(launchOnly)
			Expect(modules("launch-modules", ".cache", "x")).To(BeADirectory())
		})

		it("installs with a tag that the cache has, and the registry down", func() {
			restore(built(launchOnly))
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			version = "1.2.4"
			npms.Close()
			built(launchOnly)
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
		})
	})

	context("for the build and the launch", func() {
		it.Before(func() { withLock(simple) })

		it("has all dependencies for the build and those of production for the launch", func() {
			layers := built(buildAndLaunch)
			Expect(layers).To(HaveLen(3))
			modulesLayer := layers["build-modules"]
			Expect([]bool{modulesLayer.Launch, modulesLayer.Build, modulesLayer.Cache}).To(Equal([]bool{false, true, true}))
			Expect(modules("build-modules", "tool")).To(BeADirectory())
			Expect(modules("launch-modules", "hello")).To(BeADirectory())
			Expect(modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("build-modules")))
			Expect(modulesLayer.BuildEnv).To(Equal(packit.Environment{
				"NPM_CONFIG_INCLUDE.default":       "dev",
				"PATH.append":                      modules("build-modules", ".bin"),
				"PATH.delim":                       ":",
				"ARMATURE_LAUNCH_MODULES.override": filepath.Join(layersDir, "launch-modules"),
			}))
			Expect(nodemodules.Relink(app, modulesLayer.BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("launch-modules")))

			Expect(layers["launch-modules"].ExecD).To(BeEmpty(), "needs no helper at launch")
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("has a helper where nobody promises to lead the links to the launch", func() {
			layers := built(wants(map[string]any{"launch": true, "build": true}))
			Expect(layers["launch-modules"].ExecD).To(Equal([]string{"bin/linux-" + hostTarget(t).Arch + "/relink"}))
			Expect(filepath.Join(layersDir, "launch-modules", "links.json")).To(BeARegularFile())
			Expect(log.String()).To(ContainSubstring("WARNING: node_modules leads to build-modules"))
		})

		it("reuses both", func() {
			restore(built(buildAndLaunch))
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			calls := npms.calls()
			layers := built(buildAndLaunch)
			Expect(npms.calls()).To(Equal(calls))
			Expect(modules("build-modules", "tool")).To(BeADirectory())
			Expect(nodemodules.Relink(app, layers["build-modules"].BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("launch-modules")))

			restore(layers)
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			layers = built(buildOnly)
			Expect(layers).NotTo(HaveKey("launch-modules"), "has nothing of the launch in a later build without one")
			Expect(layers["build-modules"].BuildEnv).NotTo(HaveKey("ARMATURE_LAUNCH_MODULES.override"))
			Expect(modules("build-modules", "..", "env.build", "ARMATURE_LAUNCH_MODULES.override")).NotTo(BeARegularFile())
		})

		it("takes the link that the build before left behind for no modules", func() {
			built(buildAndLaunch)
			before := treeOf(t, modules("build-modules"))
			built(buildAndLaunch)
			Expect(treeOf(t, modules("build-modules"))).To(Equal(before))
			Expect(log.String()).NotTo(ContainSubstring("npm rebuild"))
		})
	})

	it("makes no layer of modules when nobody wants one", func() {
		withLock(simple)
		Expect(built(packit.BuildpackPlan{})).To(BeEmpty())
	})

	context("without a lockfile", func() {
		it("runs npm install, every time", func() {
			writeFiles(t, app, simple)
			layers := built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm install'"))
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
			restore(layers)
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(os.Remove(filepath.Join(app, "package-lock.json"))).To(Succeed())
			built(launchOnly)
			Expect(log.String()).NotTo(ContainSubstring("Reusing"))
		})

		it("installs the same versions for the build and the launch", func() {
			writeFiles(t, app, simple)
			built(buildAndLaunch)
			Expect(modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(modules("launch-modules", "word")).To(BeADirectory())
		})

		it("also where npm is told to write none", func() {
			writeFiles(t, app, simple)
			writeFiles(t, app, files{".npmrc": "package-lock=false\n"})
			built(buildAndLaunch)
			Expect(modules("launch-modules", "hello")).To(BeADirectory())
		})

		it("takes an empty node_modules for none", func() {
			writeFiles(t, app, simple)
			Expect(os.Mkdir(filepath.Join(app, "node_modules"), 0o755)).To(Succeed())
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm install'"))
		})
	})

	it("has an empty folder for a project without dependencies", func() {
		withLock(files{"package.json": `{"name":"app","version":"1.0.0"}`})
		built(launchOnly)
		Expect(modules("launch-modules")).To(BeADirectory())
	})

	context("with vendored modules", func() {
		it.Before(func() {
			withLock(simple)
			npm(t, env, app, "ci", "--include=dev")
		})

		it("rebuilds them", func() {
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm rebuild'"))
			Expect(log.String()).To(ContainSubstring("Running 'npm rebuild'"))
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
		})

		it("keeps all of them for the build and takes devDependencies out for the launch", func() {
			built(buildAndLaunch)
			Expect(modules("build-modules", "tool")).To(BeADirectory())
			Expect(modules("launch-modules", "hello")).To(BeADirectory())
			Expect(modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("build-modules")))
		})

		it("reuses the layers only while the modules are the same", func() {
			saved := t.TempDir()
			Expect(exec.Command("cp", "-a", filepath.Join(app, "node_modules"), saved).Run()).To(Succeed())
			vendor := func() {
				Expect(os.RemoveAll(filepath.Join(app, "node_modules"))).To(Succeed())
				Expect(exec.Command("cp", "-a", filepath.Join(saved, "node_modules"), app).Run()).To(Succeed())
			}
			layers := built(buildAndLaunch)
			restore(layers)
			vendor()
			built(buildAndLaunch)
			Expect(bytes.Count(log.Bytes(), []byte("Reusing"))).To(Equal(2))
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("build-modules")))

			vendor()
			writeFiles(t, app, files{"node_modules/hello/more.js": ""})
			log.Reset()
			built(buildAndLaunch)
			Expect(log.String()).NotTo(ContainSubstring("Reusing"))
			Expect(modules("launch-modules", "hello", "more.js")).To(BeARegularFile())
		})

		it("does without those for development where another buildpack wants them for the build", func() {
			Expect(os.RemoveAll(filepath.Join(app, "node_modules", "tool"))).To(Succeed())
			built(buildAndLaunch)
			Expect(modules("build-modules", "hello")).To(BeADirectory())
			Expect(modules("launch-modules", "hello")).To(BeADirectory())
		})

		it("leaves them out of the app image when told to", func() {
			env = env.With("BP_NODE_KEEP_MODULES", "false")
			Expect(built(launchOnly)).NotTo(HaveKey("launch-modules"))
			Expect(filepath.Join(app, "node_modules")).NotTo(BeADirectory())
		})

		it("leaves no link to them either, where another buildpack wants them for the build", func() {
			env = env.With("BP_NODE_KEEP_MODULES", "false")
			layers := built(buildAndLaunch)
			Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal(modules("build-modules")))
			Expect(nodemodules.Relink(app, layers["build-modules"].BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			_, err := os.Lstat(filepath.Join(app, "node_modules"))
			Expect(err).To(MatchError(os.ErrNotExist))
		})

		it("is an error when some are missing", func() {
			Expect(os.RemoveAll(filepath.Join(app, "node_modules", "hello"))).To(Succeed())
			_, err := build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "vendored-modules-incomplete"}))
		})
	})

	context("with a folder npm-cache in the app", func() {
		it.Before(func() {
			withLock(simple)
			npm(t, env.With("npm_config_cache", ""), app, "ci", "--include=dev")
			cmd := exec.Command("npm", "ci")
			cmd.Dir, cmd.Env = app, append(env, "npm_config_cache="+filepath.Join(app, "npm-cache"))
			Expect(cmd.Run()).To(Succeed())
		})

		it("installs from it, without the registry, also over modules", func() {
			npms.Close()
			layers := built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(layers["npm-cache"].Metadata).To(HaveKey("cache_sha"))
			Expect(filepath.Join(app, "npm-cache")).NotTo(BeADirectory())
		})

		it("takes another one in its place, and the same one not again", func() {
			saved := t.TempDir()
			Expect(exec.Command("cp", "-a", filepath.Join(app, "npm-cache"), saved).Run()).To(Succeed())
			layers := built(launchOnly)
			restore(layers)
			Expect(exec.Command("cp", "-a", filepath.Join(saved, "npm-cache"), app).Run()).To(Succeed())
			again := built(launchOnly)
			Expect(again["npm-cache"].Metadata).To(Equal(layers["npm-cache"].Metadata))
			Expect(filepath.Join(app, "npm-cache")).NotTo(BeADirectory())

			restore(again)
			Expect(exec.Command("cp", "-a", filepath.Join(saved, "npm-cache"), app).Run()).To(Succeed())
			writeFiles(t, app, files{"npm-cache/more": ""})
			third := built(launchOnly)
			Expect(third["npm-cache"].Metadata).NotTo(Equal(layers["npm-cache"].Metadata))
			Expect(filepath.Join(layersDir, "npm-cache", "more")).To(BeARegularFile())
		})
	})

	context("with workspaces", func() {
		it.Before(func() {
			withLock(files{
				"package.json":            `{"name":"app","workspaces":["packages/*"],"dependencies":{"word":"1.1.0","a":"*"}}`,
				"packages/a/package.json": `{"name":"a","version":"0.0.1","dependencies":{"word":"1.0.0"}}`,
				"packages/a/index.js":     `module.exports = "a with " + require("word")`,
				"node.js":                 `console.log(require("a"), "and", require("word"))`,
			})
		})

		it("leads the links to the app's folders, and has their own modules in the layer", func() {
			built(launchOnly)
			Expect(runs("node.js")).To(Equal("a with word@1.0.0 and word@1.1.0\n"))
			Expect(os.Readlink(modules("launch-modules", "a"))).To(Equal(filepath.Join(app, "packages", "a")))
			Expect(os.Readlink(filepath.Join(app, "packages", "a", "node_modules"))).To(
				Equal(filepath.Join(layersDir, "launch-modules", "packages", "a", "node_modules")))
		})

		it("links them again when the layer is reused", func() {
			restore(built(launchOnly))
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(os.Remove(filepath.Join(app, "packages", "a", "node_modules"))).To(Succeed())
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("Reusing"))
			Expect(os.Readlink(filepath.Join(app, "packages", "a", "node_modules"))).To(
				Equal(filepath.Join(layersDir, "launch-modules", "packages", "a", "node_modules")))
		})

		it("installs anew when a workspace's package.json changes", func() {
			restore(built(launchOnly))
			Expect(os.Remove(filepath.Join(app, "packages", "a", "node_modules"))).To(Succeed())
			appendTo(t, filepath.Join(app, "packages", "a", "package.json"), "\n")
			built(launchOnly)
			Expect(log.String()).NotTo(ContainSubstring("Reusing"))
		})
	})

	context("for another target than the host", func() {
		var other targets.Target

		it.Before(func() {
			other = otherTarget(t)
			env = env.With("CNB_TARGET_ARCH", other.Arch)
			for _, one := range targets.All() {
				npms.publish("native-"+one.Node(), "1.0.0",
					map[string]any{"os": []string{"linux"}, "cpu": []string{one.Node()}}, files{"native.node": library(one.ELF())})
			}
			npms.publish("native", "1.0.0", map[string]any{"optionalDependencies": map[string]string{"native-x64": "1.0.0", "native-arm64": "1.0.0"}}, nil)
		})

		it("installs the target's packages for the launch and the host's for the build", func() {
			withLock(files{"package.json": `{"name":"app","dependencies":{"native":"1.0.0"}}`})
			built(buildAndLaunch)
			Expect(modules("launch-modules", "native-"+other.Node())).To(BeADirectory())
			Expect(modules("launch-modules", "native-"+hostTarget(t).Node())).NotTo(BeADirectory())
			Expect(modules("build-modules", "native-"+hostTarget(t).Node())).To(BeADirectory())
			Expect(modules("build-modules", "native-"+other.Node())).NotTo(BeADirectory())
			Expect(log.String()).To(ContainSubstring("Checked 1 native files: each package has those for " + other.String()))
		})

		it("tells install scripts what they compile for, and with what", func() {
			npms.publish("gyp", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{
				"install": "echo $npm_config_arch $npm_config_target_arch $npm_config_platform $npm_config_target_platform $npm_config_target_libc $CC $CXX $LINK $AR $STRIP > for",
			}}, nil)
			withLock(files{"package.json": `{"name":"app","dependencies":{"gyp":"1.0.0"},"allowScripts":{"gyp":true}}`})
			env = env.With("STRIP", "my-strip")
			built(launchOnly)
			text, err := os.ReadFile(modules("launch-modules", "gyp", "for"))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(Equal(fmt.Sprintf("%[1]s %[1]s linux linux glibc %[2]s-gcc %[2]s-g++ %[2]s-g++ %[2]s-ar my-strip\n", other.Node(), other.Triplet())))
		})

		it("runs no script of a package that has the target's binaries", func() {
			spoils := map[string]any{"hasInstallScript": true, "scripts": map[string]string{"postinstall": "echo > spoilt"}}
			with := func(extra map[string]any) map[string]any {
				all := maps.Clone(spoils)
				maps.Copy(all, extra)
				return all
			}
			npms.publish("optional", "1.0.0", with(map[string]any{"optionalDependencies": map[string]string{"native-x64": "1.0.0", "native-arm64": "1.0.0"}}), nil)
			npms.publish("prebuilt", "1.0.0", spoils, files{"prebuilds/linux-" + other.Node() + "/it.glibc.node": library(other.ELF())})
			npms.publish("musl", "1.0.0", spoils, files{"prebuilds/linux-" + other.Node() + "/it.musl.node": library(other.ELF())})
			npms.publish("other", "1.0.0", with(map[string]any{"optionalDependencies": map[string]string{"word": "1.0.0"}}), nil)
			withLock(files{"package.json": `{"name":"app","dependencies":{"optional":"1.0.0","prebuilt":"1.0.0","musl":"1.0.0","other":"1.0.0"},
				"allowScripts":{"optional":true,"prebuilt":true,"musl":true,"other":true}}`})
			built(launchOnly)
			for _, name := range []string{"optional", "prebuilt"} {
				Expect(modules("launch-modules", name, "spoilt")).NotTo(BeAnExistingFile())
			}
			for _, name := range []string{"musl", "other"} {
				Expect(modules("launch-modules", name, "spoilt")).To(BeAnExistingFile())
			}
		})

		it("runs the scripts of the project's own and of its workspaces, after those of packages", func() {
			npms.publish("gyp", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": "echo gyp >> $INIT_CWD/order"}}, nil)
			withLock(files{
				"package.json": `{"name":"app","workspaces":["packages/*"],"dependencies":{"gyp":"1.0.0"},"allowScripts":{"gyp":true},
					"scripts":{"preinstall":"echo preinstall >> order","postinstall":"echo postinstall >> order","preprepare":"echo preprepare >> order","prepare":"echo prepare >> order",
					"dependencies":"echo dependencies >> order","postdependencies":"echo postdependencies >> order"}}`,
				"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"echo a >> ../../order","dependencies":"echo wrong >> ../../order"}}`,
			})
			Expect(os.RemoveAll(filepath.Join(app, "order"))).To(Succeed())
			built(launchOnly)
			text, err := os.ReadFile(filepath.Join(app, "order"))
			Expect(err).NotTo(HaveOccurred())
			Expect(strings.Fields(string(text))).To(Equal([]string{"gyp", "dependencies", "postdependencies", "preinstall", "postinstall", "preprepare", "prepare", "a"}))
		})

		it("is an error when a package has nothing but the host's", func() {
			npms.publish("compiled", "1.0.0", nil, files{"build/Release/x.node": library(hostTarget(t).ELF())})
			withLock(files{"package.json": `{"name":"app","dependencies":{"compiled":"1.0.0"}}`})
			_, err := build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "native-module-wrong-architecture"}))
			Expect(err).To(MatchError(ContainSubstring("compiled: build/Release/x.node is for " + hostTarget(t).String())))
			Expect(err).To(MatchError(And(ContainSubstring("comes with binaries for the target"), ContainSubstring("`armature build --emulate`"))))

			env = env.With("BP_NODE_MODULES_CHECK", "warn")
			built(launchOnly)
			Expect(log.String()).To(ContainSubstring("WARNING: [native-module-wrong-architecture]"))
		})

		it("is an error when npm is too old for it and it matters", func() {
			withLock(files{"package.json": `{"name":"app","dependencies":{"native":"1.0.0"}}`})
			env = otherVersions(t, env, `"npm": ".*"`, `"npm": "9.8.1"`)
			_, err := build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "npm-too-old-for-target"}))
		})

		it("does not mind an old npm when every package is for every platform", func() {
			withLock(simple)
			env = otherVersions(t, env, `"npm": ".*"`, `"npm": "9.8.1"`)
			built(launchOnly)
		})
	})

	context("with an npmrc", func() {
		it("reads that of a service binding", func() {
			withLock(simple)
			env = env.Without("NPM_CONFIG_REGISTRY")
			writeFiles(t, platform, files{"bindings/rc/type": "npmrc", "bindings/rc/.npmrc": "registry=" + npms.URL + "/\n"})
			layers := built(buildAndLaunch)
			path := filepath.Join(platform, "bindings", "rc", ".npmrc")
			Expect(layers["build-modules"].BuildEnv).To(HaveKeyWithValue("NPM_CONFIG_GLOBALCONFIG.default", path))
			Expect(log.String()).To(ContainSubstring("Loading service binding of type 'npmrc'"))
		})

		for _, variable := range []string{"NPM_CONFIG_GLOBALCONFIG", "npm_config_globalconfig"} {
			it("reads what "+variable+" names, and no binding then", func() {
				withLock(simple)
				path := filepath.Join(t.TempDir(), "npmrc")
				Expect(os.WriteFile(path, []byte("registry="+npms.URL+"/\n"), 0o644)).To(Succeed())
				env = env.Without("NPM_CONFIG_REGISTRY").With(variable, path)
				writeFiles(t, platform, files{"bindings/a/type": "npmrc", "bindings/b/type": "npmrc"})
				built(launchOnly)
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
				withLock(simple)
				writeFiles(t, platform, row.bindings)
				_, err := build(launchOnly)
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
			npms.publish("npm", "77.0.1", map[string]any{"bin": map[string]string{"npm": "bin/npm-cli.js"}},
				files{"bin/npm-cli.js": script, "bin/npx-cli.js": script})
			withLock(simple)
		})

		chosen := func(why string) {
			t.Helper()
			request := "77.0.1"
			if _, spec, ok := strings.Cut(why, " is "); ok {
				request, why = spec, strings.TrimSuffix(why, " is "+spec)
			}
			layers := built(launchOnly)
			Expect([]bool{layers["npm"].Launch, layers["npm"].Build, layers["npm"].Cache}).To(Equal([]bool{false, true, true}))
			Expect(log.String()).To(ContainSubstring("Choosing npm " + request + " (" + why + ")"))
			Expect(runs("node.js")).To(Equal("hello@1.0.0\n"))
			output, err := exec.Command(filepath.Join(layersDir, "npm", "bin", "npm"), "version").Output()
			Expect(err).NotTo(HaveOccurred())
			Expect(string(output)).To(ContainSubstring("77.0.1"))
		}

		it("installs that of BP_NPM_VERSION and changes nothing of the app's", func() {
			env = env.With("BP_NPM_VERSION", "77.0.1")
			before := treeOf(t, app)
			chosen("BP_NPM_VERSION")
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(treeOf(t, app)).To(Equal(before))
		})

		it("tells it the registry of last resort and the folder for global packages, below all of npm's configuration", func() {
			env = env.With("BP_NPM_VERSION", "77.0.1").With("BP_NPM_REGISTRY", "https://last.example/").With("NODE_HOME", "/layers/home")
			chosen("BP_NPM_VERSION")
			text, err := os.ReadFile(filepath.Join(layersDir, "npm", "node_modules", "npm", "npmrc"))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(Equal("registry=\"https://last.example/\"\nprefix=\"/layers/home\"\n"))
		})

		it("installs that of packageManager", func() {
			withLock(files{"package.json": `{"name":"app","packageManager":"npm@77.0.1+sha512.abc","dependencies":{"hello":"^1.0.0"}}`})
			chosen("package.json: packageManager")
		})

		for _, row := range []struct{ name, field string }{
			{"devEngines.packageManager is >=77", `"devEngines":{"packageManager":{"name":"npm","version":">=77"}}`},
			{"engines.npm is >=77 <78", `"engines":{"npm":">=77 <78"}`},
		} {
			it("installs one that fits the range of "+row.name, func() {
				withLock(files{"package.json": `{"name":"app","dependencies":{"hello":"^1.0.0"}}`})
				writeFiles(t, app, files{"package.json": `{"name":"app",` + row.field + `,"dependencies":{"hello":"^1.0.0"}}`})
				env = env.With("NPM_CONFIG_FORCE", "true") // the one that comes after is no npm 77
				chosen("package.json: " + row.name)
			})
		}

		for _, row := range []struct{ name, field string }{
			{"fits the npm that is there", `"engines":{"npm":">=8"},"devEngines":{"packageManager":{"name":"npm","version":"> 1"}}`},
			{"cannot be read", `"engines":{"npm":"please use yarn"}`},
			{"is of another manager", `"packageManager":"pnpm@9.0.0"`},
		} {
			it("keeps the one that there is when the request "+row.name, func() {
				writeFiles(t, app, files{"package.json": `{"name":"app",` + row.field + `,"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`})
				Expect(built(launchOnly)).NotTo(HaveKey("npm"))
			})
		}

		it("goes on with the one that there is when engines.npm wants one that cannot be had", func() {
			writeFiles(t, app, files{"package.json": `{"name":"app","engines":{"npm":">=99"},"dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`})
			Expect(built(launchOnly)).NotTo(HaveKey("npm"))
			Expect(log.String()).To(ContainSubstring("WARNING: going on with npm"))
			Expect(filepath.Join(layersDir, "npm")).NotTo(BeADirectory())
		})

		it("reads the project's .npmrc for it, and keeps no copy", func() {
			env = env.Without("NPM_CONFIG_REGISTRY").With("npm_config_registry", "") // nothing but the file names one
			writeFiles(t, app, files{".npmrc": "registry=" + npms.URL + "/\n"})
			env = env.With("BP_NPM_VERSION", "77.0.1")
			chosen("BP_NPM_VERSION")
			Expect(filepath.Join(layersDir, "npm", ".npmrc")).NotTo(BeAnExistingFile())
		})

		it("has it at launch where npm is called there, without the build's registry", func() {
			env = env.With("BP_NPM_VERSION", "77.0.1").With("BP_NPM_REGISTRY", "https://last.example/")
			plan := wants(map[string]any{"launch": true, "relinks": true, "npm": true})
			layers := built(plan)
			Expect([]bool{layers["npm-launch"].Launch, layers["npm-launch"].Build, layers["npm-launch"].Cache}).To(Equal([]bool{true, false, false}))
			output, err := exec.Command(filepath.Join(layersDir, "npm-launch", "bin", "npm"), "version").Output()
			Expect(err).NotTo(HaveOccurred())
			Expect(string(output)).To(ContainSubstring("77.0.1"))
			Expect(filepath.Join(layersDir, "npm-launch", "node_modules", "npm", "npmrc")).NotTo(BeAnExistingFile())
			restore(layers)
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(built(plan)).To(HaveKey("npm-launch"))
			Expect(filepath.Join(layersDir, "npm-launch", "bin")).NotTo(BeADirectory())
		})

		it("has it at launch whoever wants npm there", func() {
			env = env.With("BP_NPM_VERSION", "77.0.1").With("ARMATURE_NPM_AT_LAUNCH", "true")
			layers := built(wants(map[string]any{"launch": true, "relinks": true}))
			Expect(layers["npm-launch"].Launch).To(BeTrue())
			Expect(filepath.Join(layersDir, "npm-launch", "bin", "npm")).To(BeAnExistingFile())
		})

		it("keeps an exact version for the next build", func() {
			env = env.With("BP_NPM_VERSION", "77.0.1")
			restore(built(launchOnly))
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			calls := npms.calls()
			built(launchOnly)
			Expect(npms.calls()).To(Equal(calls))
			Expect(log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(layersDir, "npm")))
		})

		it("is an error when there is no such version", func() {
			env = env.With("BP_NPM_VERSION", "99")
			_, err := build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "package-version-not-found"}))
			Expect(err).To(MatchError(ContainSubstring("npm@99")))
		})
	})

	context("the bill of materials", func() {
		// listed gives the packages in a layer's CycloneDX document.
		listed := func(layer packit.Layer) []string {
			Expect(layer.SBOM.Formats()).To(HaveLen(3))
			var document struct {
				Components []struct{ PURL string }
			}
			Expect(json.NewDecoder(layer.SBOM.Formats()[0].Content).Decode(&document)).To(Succeed())
			var all []string
			for _, one := range document.Components {
				all = append(all, one.PURL)
			}
			return all
		}

		production := []string{"pkg:npm/hello@1.0.0", "pkg:npm/word@1.1.0"}

		it("lists production dependencies for the launch, and all for the build", func() {
			withLock(simple)
			layers := built(buildAndLaunch)
			Expect(listed(layers["launch-modules"])).To(Equal(production))
			Expect(listed(layers["build-modules"])).To(Equal([]string{"pkg:npm/hello@1.0.0", "pkg:npm/tool@2.0.0", "pkg:npm/word@1.1.0"}))
		})

		it("is there when the layer is reused", func() {
			withLock(simple)
			restore(built(launchOnly))
			Expect(os.Remove(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(listed(built(launchOnly)["launch-modules"])).To(Equal(production))
		})

		it("lists what is installed without a lockfile", func() {
			writeFiles(t, app, simple)
			writeFiles(t, app, files{".npmrc": "package-lock=false\n"})
			Expect(listed(built(launchOnly)["launch-modules"])).To(Equal(production))
		})

		// everywhere makes all three documents of a layer, as text.
		everywhere := func(layer packit.Layer) string {
			var all bytes.Buffer
			for _, format := range layer.SBOM.Formats() {
				_, err := all.ReadFrom(format.Content)
				Expect(err).NotTo(HaveOccurred())
			}
			return all.String()
		}

		it("tells a fork's archive from the registry's package of the same name and version", func() {
			forks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Write(pack(t, files{"package.json": `{"name":"word","version":"1.0.0"}`, "index.js": "module.exports = 'fork'"}))
			}))
			defer forks.Close()
			at := strings.Replace(forks.URL, "http://", "http://user:pass@", 1) + "/word.tgz?token=abc"
			withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","two":"` + at + `"}}`})
			layer := built(launchOnly)["launch-modules"]
			Expect(listed(layer)).To(Equal([]string{
				"pkg:npm/word@1.0.0",
				"pkg:npm/word@1.0.0?checksum=sha512:" + checksumOf(t, filepath.Join(app, "package-lock.json"), "node_modules/two") + "&download_url=" + forks.URL + "/word.tgz",
			}))
			Expect(everywhere(layer)).NotTo(Or(ContainSubstring("pass"), ContainSubstring("abc"), ContainSubstring("user:")))
			Expect(log.String()).NotTo(ContainSubstring("WARNING: the bill of materials"))
		})

		it("does not end the build when nothing tells two packages apart but their content", func() {
			other := newRegistry(t)
			other.publish("@team/word", "1.0.0", nil, files{"more.js": ""})
			writeFiles(t, app, files{
				"package.json": `{"name":"app\u0007","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","word":"1.0.0"}}`,
				"package-lock.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{
					"":{"name":"app","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","word":"1.0.0"}},
					"node_modules/one":{"name":"word","version":"1.0.0","resolved":"%s/word/-/x--1.0.0.tgz","integrity":"%s"},
					"node_modules/word":{"version":"1.0.0","resolved":"%s/@team/word/-/x--1.0.0.tgz","integrity":"%s"}}}`,
					npms.URL, integrity(npms.releases["word"]["1.0.0"].tarball), other.URL, integrity(other.releases["@team/word"]["1.0.0"].tarball)),
			})
			layer := built(launchOnly)["launch-modules"]
			Expect(listed(layer)).To(ConsistOf(HavePrefix("pkg:npm/word@1.0.0?checksum=sha512:"), HavePrefix("pkg:npm/word@1.0.0?checksum=sha512:")))
			Expect(log.String()).To(ContainSubstring(`"word" version "1.0.0" is there 2 times, each with another content`))
		})

		it("has the licence that package.json names where the lockfile names none, also when the layer is reused", func() {
			withLock(simple)
			text, err := os.ReadFile(filepath.Join(app, "package-lock.json"))
			Expect(err).NotTo(HaveOccurred())
			without := files{"package-lock.json": strings.ReplaceAll(string(text), `"license": "MIT"`, `"license": ""`)}
			writeFiles(t, app, without)
			first := built(launchOnly)
			bill := everywhere(first["launch-modules"])
			Expect(strings.Count(bill, `"license":{"id":"MIT"}`)).To(Equal(2))
			restore(first)
			withLock(simple)
			writeFiles(t, app, without)
			Expect(os.RemoveAll(filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(everywhere(built(launchOnly)["launch-modules"])).To(Equal(bill))
			Expect(log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(layersDir, "launch-modules")))
		})

		it("leaves out what is no package, of vendored modules too", func() {
			writeFiles(t, app, simple)
			npm(t, env, app, "install", "--omit=dev")
			writeFiles(t, app, files{
				"node_modules/hello/test/node_modules/odd/package.json":    `{"name":"odd\u0000","version":"1.0.0"}`,
				"node_modules/hello/test/node_modules/odder/package.json":  `{"name":"odder","version":"1\n0","license":"a\u0007b"}`,
				"node_modules/hello/test/node_modules/oddest/package.json": `{"name":["x"],"version":{}}`,
				"node_modules/hello/node_modules/x/package.json/file":      "",
			})
			Expect(listed(built(launchOnly)["launch-modules"])).To(Equal(production))
			Expect(log.String()).To(ContainSubstring(`"odd\x00" version "1.0.0": it is left out: name "odd\x00" has control characters`))
		})

		it("is not made when it is switched off", func() {
			withLock(simple)
			env = env.With("BP_DISABLE_SBOM", "true")
			Expect(built(launchOnly)["launch-modules"].SBOM).To(BeNil())
		})
	})

	it("installs in the project's folder", func() {
		root := app
		app = filepath.Join(root, "web")
		withLock(simple)
		app = root
		env = env.With("BP_NODE_PROJECT_PATH", "web")
		layers := built(launchOnly)
		Expect(layers["launch-modules"].LaunchEnv).To(HaveKeyWithValue("NODE_PROJECT_PATH.default", filepath.Join(app, "web")))
		Expect(os.Readlink(filepath.Join(app, "web", "node_modules"))).To(Equal(modules("launch-modules")))
	})

	for _, name := range []string{"BP_KEEP_NODE_BUILD_CACHE", "BP_DISABLE_SBOM", "BP_NODE_MODULES_CHECK", "BP_NODE_KEEP_MODULES", "BP_NODE_KEEP_WORKSPACES"} {
		it("is an error when a setting cannot be read: "+name, func() {
			withLock(simple)
			env = env.With(name, "maybe")
			_, err := build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
		})
	}

	it("is an error when there is no npm", func() {
		withLock(simple)
		env = env.With("PATH", t.TempDir())
		_, err := build(launchOnly)
		Expect(err).To(MatchError(&failure.Failure{ID: "npm-missing"}))
	})
}
