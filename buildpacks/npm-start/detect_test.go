package npmstart_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

func testDetect(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app string
		env map[string]string
	)

	it.Before(func() {
		app = t.TempDir()
		env = map[string]string{}
	})

	detect := func() (packit.DetectResult, error) {
		return npmstart.Detect(environOf(env))(packit.DetectContext{WorkingDir: app})
	}

	// requires returns the plan as the lifecycle reads it.
	requires := func() map[string]map[string]any {
		result, err := detect()
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Plan.Provides).To(BeEmpty())
		var text bytes.Buffer
		Expect(toml.NewEncoder(&text).Encode(result.Plan)).To(Succeed())
		var plan struct {
			Requires []struct {
				Name     string
				Metadata map[string]any
			}
		}
		_, err = toml.Decode(text.String(), &plan)
		Expect(err).NotTo(HaveOccurred())
		all := map[string]map[string]any{}
		for _, one := range plan.Requires {
			all[one.Name] = one.Metadata
		}
		return all
	}

	// expectFail expects detection to end with exit status 100 and a message with
	// these words.
	expectFail := func(words ...string) {
		_, err := detect()
		Expect(err).To(BeAssignableToTypeOf(packit.Fail))
		for _, word := range words {
			Expect(err).To(MatchError(ContainSubstring(word)))
		}
	}

	context("when the start script is a plain command", func() {
		it.Before(func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node node.js"}}`)
		})

		it("requires node and node_modules at launch, and npm by name only", func() {
			Expect(requires()).To(Equal(map[string]map[string]any{
				"node":         {"launch": true},
				"npm":          {"launch": false},
				"node_modules": {"launch": true, "relinks": true},
			}))
		})

		it("requires watchexec with live reload", func() {
			env["BP_LIVE_RELOAD_ENABLED"] = "1"
			Expect(requires()).To(HaveKeyWithValue("watchexec", map[string]any{"launch": true}))
		})

		it("requires tini in place of npm in tini mode", func() {
			env["BP_LAUNCH_WITH_TINI"] = "true"
			Expect(requires()).To(HaveKeyWithValue("tini", map[string]any{"launch": true}))
			Expect(requires()).NotTo(HaveKey("npm"))
		})
	})

	context("when a script calls npm", func() {
		for _, row := range []struct{ name, scripts string }{
			{"start", `{"start":"npm run serve"}`},
			{"prestart", `{"start":"node a.js","prestart":"npx migrate"}`},
		} {
			it("requires npm at launch and says why: "+row.name, func() {
				write(t, filepath.Join(app, "package.json"), `{"scripts":`+row.scripts+`}`)
				Expect(requires()["npm"]).To(HaveKeyWithValue("launch", true))
				Expect(requires()["npm"]["version-source"]).To(HavePrefix("package.json: the script " + row.name + " calls np"))
				env["BP_LAUNCH_WITH_TINI"] = "true"
				Expect(requires()["npm"]).To(HaveKeyWithValue("launch", true))
			})
		}

		for _, row := range []struct {
			script string
			needs  bool
		}{
			{"run-s build serve", true}, {"NODE_ENV=x run-p a b", true}, {"cross-env A=1 npm-run-all -p a b", true}, {`concurrently \"npm:a\" \"node b.js\"`, true}, {"concurrently npm:a", true},
			{`concurrently \"node a.js\" \"node b.js\"`, false}, {"node run-s.js", false}, {"node a.js run-s", false},
		} {
			it("requires npm at launch for what runs scripts through it: "+row.script, func() {
				write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"`+row.script+`"}}`)
				Expect(requires()["npm"]).To(HaveKeyWithValue("launch", row.needs))
			})
		}

		it("does not count a hook of another script", func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"x","serve":"node a.js","prestart":"npx migrate"}}`)
			env["BP_NPM_START_SCRIPT"] = "serve"
			Expect(requires()["npm"]).To(HaveKeyWithValue("launch", false))
		})
	})

	context("when the project is in a folder of the app", func() {
		it.Before(func() {
			write(t, filepath.Join(app, "web", "package.json"), `{"scripts":{"start":"node ."}}`)
		})

		it("passes with the project path", func() {
			env["BP_NODE_PROJECT_PATH"] = "web"
			Expect(requires()).To(HaveKey("node"))
		})

		it("fails without it, and names the folder", func() {
			write(t, filepath.Join(app, "node_modules", "a", "package.json"), `{}`)
			write(t, filepath.Join(app, ".cache", "package.json"), `{}`)
			expectFail("[package-json-missing] no package.json in " + app + "\nTo fix it: set BP_NODE_PROJECT_PATH to the folder of the project: web.")
		})

		it("is an error when the folder does not exist", func() {
			env["BP_NODE_PROJECT_PATH"] = "api"
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: "project-path-invalid"}))
		})
	})

	context("when something else than the script starts the app", func() {
		for _, row := range []struct{ name, pkg, file, text string }{
			{"server.js, which npm would start", `{"main":"index.js"}`, "server.js", ""},
			{"the main file", `{"main":"lib/index.js"}`, "lib/index.js", ""},
			{"a Procfile", `{}`, "Procfile", "worker: node b.js\n"},
			{"a framework", `{"dependencies":{"next":"16"},"scripts":{"build":"next build"}}`, "next.config.js", ""},
			{"the only workspace that can be started", `{"workspaces":["apps/*"],"scripts":{"build":"true"}}`, "apps/web/package.json", `{"scripts":{"start":"node ."}}`},
		} {
			it("passes: "+row.name, func() {
				write(t, filepath.Join(app, "package.json"), row.pkg)
				write(t, filepath.Join(app, row.file), row.text)
				Expect(requires()).To(HaveKeyWithValue("npm", map[string]any{"launch": false}))
			})
		}

		it("keeps what Next.js 15 needs for its configuration", func() {
			write(t, filepath.Join(app, "package.json"), `{"dependencies":{"next":"15.5.9"},"devDependencies":{"typescript":"5"},"scripts":{"start":"next start"}}`)
			write(t, filepath.Join(app, "next.config.ts"), "")
			Expect(requires()).To(HaveKeyWithValue("node_modules", map[string]any{"launch": true, "relinks": true, "keep": []any{"typescript"}}))
		})

		it("passes for a command of the settings", func() {
			write(t, filepath.Join(app, "package.json"), `{}`)
			env["BP_START_COMMAND"] = "npx serve"
			Expect(requires()["npm"]).To(Equal(map[string]any{"launch": true, "version-source": "the process web calls npx"}))
		})
	})

	context("when there is nothing to start", func() {
		it("fails without an id when no folder has a package.json", func() {
			_, err := detect()
			Expect(err).To(MatchError("no package.json in " + app))
			expectFail()
		})

		it("fails with the id, and lists the scripts that there are", func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"dev":"ts-node x.ts","build":"tsc"}}`)
			expectFail("[start-script-missing] no start script in package.json, and nothing else that starts the app. There is none of these: a script start; a Procfile; a framework", ". Its scripts: build, dev\nTo fix it: add a script start", "BP_NPM_START_SCRIPT", "BP_START_COMMAND", "BP_STATIC_ROOT")
		})

		it("names the workspaces that could be started by themselves", func() {
			write(t, filepath.Join(app, "package.json"), `{"workspaces":["packages/*","tools"]}`)
			write(t, filepath.Join(app, "packages", "api", "package.json"), `{"scripts":{"start":"node ."}}`)
			write(t, filepath.Join(app, "packages", "lib", "package.json"), `{"scripts":{"test":"node ."}}`)
			write(t, filepath.Join(app, "tools", "package.json"), `{"scripts":{"start":"node ."}}`)
			expectFail("Its workspaces that can be started: packages/api (package.json: the script start), tools (package.json: the script start)",
				"To fix it: set BP_NODE_PROJECT_PATH to the folder of one of them: BP_NODE_PROJECT_PATH=packages/api, or BP_NODE_PROJECT_PATH=tools, or add")
		})

		it("names a workspace by its path in the app", func() {
			write(t, filepath.Join(app, "js", "package.json"), `{"workspaces":["apps/*"]}`)
			write(t, filepath.Join(app, "js", "apps", "web", "package.json"), `{"scripts":{"start":"node ."}}`)
			env["BP_NODE_PROJECT_PATH"] = "js"
			expectFail("BP_NODE_PROJECT_PATH=js/apps/web, or")
		})

		it("fails for a script of blanks", func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":" "}}`)
			expectFail("[start-script-missing]", "Its scripts: there are none\n")
		})

		it("begins with what the framework needs", func() {
			write(t, filepath.Join(app, "package.json"), `{"devDependencies":{"@sveltejs/kit":"2","@sveltejs/adapter-vercel":"6","vite":"7"},"scripts":{"build":"vite build"}}`)
			expectFail("[start-script-missing]", "SvelteKit (@sveltejs/kit is a dependency): its adapter makes nothing that Node.js can start", "To fix it: let svelte.config.js name @sveltejs/adapter-node")
		})

		it("does not take a main file that is not there", func() {
			write(t, filepath.Join(app, "package.json"), `{"main":"none.js"}`)
			expectFail("[start-script-missing]", "none.js, which package.json names as main")
		})

		it("fails without an id for a static site, which another buildpack serves", func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}`)
			_, err := detect()
			Expect(err).To(MatchError("it is a static site, which another buildpack serves: Vite (vite is a dependency)"))
			expectFail()
		})

		it("is an error, with a list, when a script is chosen that does not exist", func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node .","dev":"vite"}}`)
			env["BP_NPM_START_SCRIPT"] = "serve"
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: "start-script-missing"}))
			Expect(err).To(MatchError(ContainSubstring("(dev, start)")))
		})
	})

	it("is an error when package.json is not JSON", func() {
		write(t, filepath.Join(app, "package.json"), `{`)
		_, err := detect()
		Expect(err).To(MatchError(&failure.Failure{ID: "package-json-invalid"}))
		Expect(strings.HasPrefix(err.Error(), "[package-json-invalid] failed to open package.json")).To(BeTrue())
	})

	for _, name := range []string{"BP_LAUNCH_WITH_TINI", "BP_LIVE_RELOAD_ENABLED"} {
		it("is an error when the switch cannot be read: "+name, func() {
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node ."}}`)
			env[name] = "maybe"
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
			Expect(err).To(MatchError(ContainSubstring(name)))
		})
	}
}
