package npminstall_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// monorepo is a root with workspaces: app needs lib, lib needs low, app needs
// gen for development only, and nobody needs other. Their build scripts tell
// into a file when they ran.
func monorepo() files {
	return files{
		"package.json":                `{"name":"root","private":true,"workspaces":["packages/*"],"dependencies":{"rooted":"1.0.0"},"devDependencies":{"roottool":"1.0.0"},"scripts":{"build":"exit 9"}}`,
		".nvmrc":                      "24",
		"packages/app/package.json":   `{"name":"app","version":"1.0.0","dependencies":{"lib":"*","word":"1.0.0"},"devDependencies":{"gen":"*","apptool":"1.0.0"},"scripts":{"build":"roottool app && apptool"}}`,
		"packages/app/app.js":         `console.log(require("lib"), "and", require("word"))`,
		"packages/lib/package.json":   `{"name":"lib","version":"1.0.0","main":"dist.js","dependencies":{"low":"*","hello":"1.0.0"},"devDependencies":{"libtool":"1.0.0"},"scripts":{"build":"libtool && roottool lib && cp src.js dist.js"}}`,
		"packages/lib/src.js":         `module.exports = "lib with " + require("hello") + ", " + require("low")`,
		"packages/low/package.json":   `{"name":"low","version":"1.0.0","dependencies":{"word":"1.1.0"},"scripts":{"build":"roottool low"}}`,
		"packages/low/index.js":       `module.exports = "low with " + require("word")`,
		"packages/gen/package.json":   `{"name":"gen","version":"1.0.0","dependencies":{"gendep":"1.0.0"},"scripts":{"build":"roottool gen"}}`,
		"packages/other/package.json": `{"name":"other","version":"1.0.0","dependencies":{"otherdep":"1.0.0"},"scripts":{"build":"exit 8"}}`,
	}
}

func testWorkspace(t *testing.T, context spec.G, it spec.S) {
	var (
		f      *fixture
		Expect func(actual any, extra ...any) Assertion
	)

	it.Before(func() {
		f = newFixture(t)
		Expect = f.Expect
		for _, name := range []string{"rooted", "gendep", "otherdep"} {
			f.npms.publish(name, "1.0.0", nil, nil)
		}
		for _, name := range []string{"roottool", "apptool", "libtool"} {
			f.npms.publish(name, "1.0.0", map[string]any{"bin": "tool.js"}, files{
				"tool.js": "#!/usr/bin/env node\nrequire('fs').appendFileSync(process.env.ORDER, process.argv.slice(2).join('') + ' ')\n",
			})
		}
		f.env = f.env.With("BP_NODE_PROJECT_PATH", "packages/app").With("ORDER", filepath.Join(t.TempDir(), "order"))
	})

	upload := func() {
		f.withLock(monorepo())
	}

	ran := func() string {
		text, _ := os.ReadFile(f.env.Get("ORDER"))
		return string(text)
	}

	names := func(dir string) []string {
		all := []string{}
		entries, err := os.ReadDir(dir)
		Expect(err).NotTo(HaveOccurred())
		for _, entry := range entries {
			all = append(all, entry.Name())
		}
		return all
	}

	it("installs what it needs and nothing else for the launch", func() {
		upload()
		layers := f.built(launchOnly)
		Expect(names(f.modules("launch-modules"))).To(ConsistOf("app", "hello", "lib", "low", "word"))
		Expect(f.runs("packages/app/app.js")).To(Equal("lib with hello@1.0.0, low with word@1.1.0 and word@1.0.0\n"))
		Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
		Expect(os.Readlink(f.modules("launch-modules", "lib"))).To(Equal(filepath.Join(f.app, "packages", "lib")))
		Expect(layers["launch-modules"].LaunchEnv).To(HaveKeyWithValue("NODE_PROJECT_PATH.default", filepath.Join(f.app, "packages", "app")))
		own := f.in("launch-modules", "packages", "app", "node_modules", ".bin")
		if _, err := os.Stat(filepath.Dir(own)); err == nil {
			Expect(layers["launch-modules"].LaunchEnv["PATH.append"]).To(Equal(own + ":" + f.modules("launch-modules", ".bin")))
		}

		Expect(ran()).To(Equal("low  lib gen app  "), "runs the build scripts of what it depends on first, each with its own tools and those of the root")
		Expect(f.log.String()).To(ContainSubstring("Executing build scripts: build of packages/low, build of packages/lib, build of packages/gen, build of packages/app (package.json)"))

		Expect(names(filepath.Join(f.app, "packages"))).To(Equal([]string{"app", "lib", "low"}), "removes the folders of workspaces that it does not need")
		Expect(f.log.String()).To(ContainSubstring("Removing workspaces from the app that packages/app does not need: packages/gen, packages/other"))

		var document struct{ Components []struct{ PURL string } }
		Expect(json.NewDecoder(layers["launch-modules"].SBOM.Formats()[0].Content).Decode(&document)).To(Succeed())
		var listed []string
		for _, one := range document.Components {
			listed = append(listed, one.PURL)
		}
		Expect(listed).To(Equal([]string{"pkg:npm/hello@1.0.0", "pkg:npm/word@1.0.0", "pkg:npm/word@1.1.0"}), "lists only what it needs in the bill of materials of the launch")
	})

	it("runs no script at all when told so", func() {
		f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "none")
		upload()
		Expect(f.built(launchOnly)).NotTo(HaveKey("build-modules"))
		Expect(ran()).To(BeEmpty())
	})

	it("runs scripts that are named in place of its own build only", func() {
		f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "special")
		contents := monorepo()
		contents["packages/app/package.json"] = strings.Replace(contents["packages/app/package.json"], `"scripts":{`, `"scripts":{"special":"roottool special",`, 1)
		f.withLock(contents)
		f.built(launchOnly)
		Expect(ran()).To(Equal("low  lib gen special "))
	})

	it("keeps them when told to", func() {
		f.env = f.env.With("BP_NODE_KEEP_WORKSPACES", "true").With("BP_NODE_RUN_SCRIPTS", "none")
		upload()
		f.built(launchOnly)
		Expect(names(filepath.Join(f.app, "packages"))).To(HaveLen(5))
	})

	it("reuses both layers, links them again and runs the scripts", func() {
		upload()
		f.built(launchOnly)
		f.next(func() {
			upload()
			writeFiles(t, f.app, files{"packages/low/index.js": `module.exports = "new"`})
		})
		calls := f.npms.calls()
		f.built(launchOnly)
		Expect(f.npms.calls()).To(Equal(calls))
		Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(2))
		Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("launch-modules")))
		Expect(f.read("packages/lib/dist.js")).NotTo(BeEmpty())
		Expect(filepath.Join(f.app, "packages", "other")).NotTo(BeADirectory())
		f.export()
		Expect(f.runs("packages/app/app.js")).To(Equal("lib with hello@1.0.0, new and word@1.0.0\n"), "has what a workspace's source says now, although the layers are reused")
	})

	it("installs anew, or not, when something changes", func() {
		contents := monorepo()
		for _, name := range []string{"lib", "low", "gen"} { // one script is enough to have modules for the build
			path := "packages/" + name + "/package.json"
			contents[path] = regexp.MustCompile(`,"scripts":\{[^}]*\}`).ReplaceAllString(contents[path], "")
		}
		contents[".npmrc"] = ""
		f.withLock(contents)
		f.built(launchOnly)
		rewind := f.rewinder(func() { f.withLock(contents) })
		for _, row := range []struct {
			name, path, text string
			reused           int
		}{
			{"the root's package.json", "package.json", "\n", 0},
			{"the lockfile", "package-lock.json", "\n", 0},
			{"the root's .npmrc", ".npmrc", "save=false\n", 0},
			{"a comment in it", ".npmrc", "# save=false\n", 2},
			{"the package.json of a workspace that it needs", "packages/low/package.json", "\n", 0},
			{"that of one it needs for development", "packages/gen/package.json", "\n", 1},
			{"that of a workspace of no concern", "packages/other/package.json", "\n", 2},
			{"the source of a workspace, which is in the app", "packages/lib/src.js", "\n", 2},
			{"the source of the workspace itself, which is so", "packages/app/app.js", "\n", 2},
		} {
			rewind()
			appendTo(t, filepath.Join(f.app, row.path), row.text)
			f.built(launchOnly)
			Expect(strings.Count(f.log.String(), "Reusing cached layer")).To(Equal(row.reused), row.name+"\n"+f.log.String())
		}
	})

	it("needs no folders of workspaces that it does not need", func() {
		upload()
		Expect(os.RemoveAll(filepath.Join(f.app, "packages", "other"))).To(Succeed())
		f.built(launchOnly)
		Expect(f.runs("packages/app/app.js")).To(ContainSubstring("lib with"))
	})

	it("is an error when one is missing that it needs", func() {
		upload()
		Expect(os.RemoveAll(filepath.Join(f.app, "packages", "low"))).To(Succeed())
		_, err := f.build(launchOnly)
		Expect(err).To(MatchError(&failure.Failure{ID: "linked-folder-missing"}))
		Expect(err).To(MatchError(ContainSubstring("the workspace packages/app depends on the package in the folder packages/low, which is not in the app")))
	})

	it("leaves out scripts of the root whose tools the launch does not have, and package.json as it is", func() {
		contents := monorepo()
		contents["package.json"] = strings.Replace(contents["package.json"], `"scripts":{`, `"scripts":{"postinstall":"roottool root",`, 1)
		f.withLock(contents)
		f.built(launchOnly)
		Expect(ran()).To(HavePrefix("root low"))
		Expect(f.log.String()).To(ContainSubstring("Leaving out the root's script postinstall"))
		Expect(f.read("package.json")).To(Equal(contents["package.json"]))
	})

	it("names the workspace whose script failed", func() {
		contents := monorepo()
		contents["packages/low/package.json"] = strings.Replace(contents["packages/low/package.json"], "roottool low", "exit 7", 1)
		f.withLock(contents)
		_, err := f.build(launchOnly)
		Expect(err).To(MatchError(&failure.Failure{ID: "build-script-failed"}))
		Expect(err).To(MatchError(ContainSubstring("the build script build of packages/low failed: `exit 7` ended with exit status "))) // npm 9 ends with 1 in workspaces
	})

	it("installs the same without a lockfile", func() {
		writeFiles(t, f.app, monorepo())
		f.built(launchOnly)
		Expect(names(f.modules("launch-modules"))).To(ConsistOf("app", "hello", "lib", "low", "word"))
		Expect(f.runs("packages/app/app.js")).To(Equal("lib with hello@1.0.0, low with word@1.1.0 and word@1.0.0\n"))
	})

	it("takes what it needs from vendored modules", func() {
		upload()
		npm(t, f.env, f.app, "ci", "--include=dev")
		f.built(launchOnly)
		Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm rebuild'"))
		Expect(names(f.modules("launch-modules"))).To(ConsistOf("app", "hello", "lib", "low", "word"))
		Expect(f.runs("packages/app/app.js")).To(Equal("lib with hello@1.0.0, low with word@1.1.0 and word@1.0.0\n"))
	})

	it("reads the root's .npmrc and its packageManager", func() {
		upload()
		writeFiles(t, f.app, files{".npmrc": "registry=" + f.npms.URL + "/\n"})
		f.env = f.env.Without("NPM_CONFIG_REGISTRY").With("BP_NODE_RUN_SCRIPTS", "none")
		f.built(launchOnly)
		Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
	})

	it("leads all links to the launch where the last buildpack does so", func() {
		upload()
		layers := f.built(buildAndLaunch)
		Expect(names(filepath.Join(f.app, "packages"))).To(Equal([]string{"app", "gen", "lib", "low"}), "leaves those for a later buildpack that the build needs")
		Expect(nodemodules.Relink(f.app, layers["build-modules"].BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
		Expect(f.runs("packages/app/app.js")).To(Equal("lib with hello@1.0.0, low with word@1.1.0 and word@1.0.0\n"))
	})

	it("tells the helper the root where nobody leads the links at the end", func() {
		f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "none")
		upload()
		f.built(wants(map[string]any{"launch": true, "build": true}))
		links, err := nodemodules.ReadLinks(f.in("launch-modules"))
		Expect(err).NotTo(HaveOccurred())
		Expect(links.Root).To(Equal(f.app))
	})

	context("without a project path", func() {
		it("is no matter when the folder of a workspace is missing that nobody needs", func() {
			f.env = f.env.Without("BP_NODE_PROJECT_PATH").With("BP_NODE_RUN_SCRIPTS", "none")
			upload()
			Expect(os.RemoveAll(filepath.Join(f.app, "packages", "other"))).To(Succeed())
			f.built(launchOnly)
			Expect(f.modules("launch-modules", "low")).To(BeADirectory())
			f.next(func() {
				upload()
				Expect(os.RemoveAll(filepath.Join(f.app, "packages", "other"))).To(Succeed())
			})
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer"))
		})

		it("is an error when one is missing that another needs", func() {
			f.env = f.env.Without("BP_NODE_PROJECT_PATH").With("BP_NODE_RUN_SCRIPTS", "none")
			upload()
			Expect(os.RemoveAll(filepath.Join(f.app, "packages", "low"))).To(Succeed())
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "linked-folder-missing"}))
		})

		it("has file: dependencies as they are now, although the layer is reused", func() {
			f.env = f.env.Without("BP_NODE_PROJECT_PATH")
			contents := files{
				"package.json":       `{"name":"app","dependencies":{"local":"file:lib/local"}}`,
				"lib/local/index.js": `module.exports = "old with " + require("word")`, "lib/local/package.json": `{"name":"local","version":"1.0.0","dependencies":{"word":"1.1.0"}}`,
				"app.js": `console.log(require("local"))`,
			}
			f.withLock(contents)
			f.built(launchOnly)
			Expect(f.runs("app.js")).To(Equal("old with word@1.1.0\n"))
			f.next(func() {
				f.withLock(contents)
				writeFiles(t, f.app, files{"lib/local/index.js": `module.exports = "new with " + require("word")`})
			})
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer"))
			f.export()
			Expect(f.runs("app.js")).To(Equal("new with word@1.1.0\n"))
		})
	})
}
