package npmstart_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// patient is what goes before a script, see command.Patient.
const patient = "trap exit TERM INT QUIT HUP; trap : USR1 USR2\n"

func testBuild(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app, layers, buildpack string
		env                    map[string]string
		log                    *bytes.Buffer
	)

	it.Before(func() {
		app, layers, buildpack = t.TempDir(), t.TempDir(), t.TempDir()
		env = map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
		log = &bytes.Buffer{}
		write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "for arm64")
		write(t, filepath.Join(buildpack, "bin", "linux-amd64", "supervisor"), "for amd64")
	})

	build := func() (packit.BuildResult, error) {
		return npmstart.Build(environOf(env), scribe.NewEmitter(log))(packit.BuildContext{
			WorkingDir:    app,
			CNBPath:       buildpack,
			Layers:        packit.Layers{Path: layers},
			BuildpackInfo: packit.BuildpackInfo{Name: "Some Buildpack", Version: "1.2.3"},
		})
	}

	processes := func() []packit.DirectProcess {
		result, err := build()
		Expect(err).NotTo(HaveOccurred())
		return result.Launch.DirectProcesses
	}

	supervisor := func(args ...string) []string {
		return append([]string{filepath.Join(layers, "supervisor", "bin", "supervisor")}, args...)
	}

	packageJSON := func(text string) { write(t, filepath.Join(app, "package.json"), text) }

	web := func(command []string) packit.DirectProcess {
		return packit.DirectProcess{Type: "web", Command: command, Args: []string{}, Default: true, WorkingDirectory: app}
	}

	it("starts a plain command without a shell", func() {
		packageJSON(`{"scripts":{"start":"node 'a b.js'"}}`)
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("--", "node", "a b.js"))}))
		Expect(log.String()).To(ContainSubstring("supervisor -- node 'a b.js'"))
	})

	it("starts a plain command with variables without a shell", func() {
		packageJSON(`{"scripts":{"start":"NODE_ENV=production PORT=1 node a.js"}}`)
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("--", "NODE_ENV=production", "PORT=1", "node", "a.js"))}))
	})

	it("starts a script in a shell when it needs one", func() {
		packageJSON(`{"scripts":{"start":"PORT=$MY_PORT node a.js"}}`)
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("-event", "start", "-shell", "PORT=$MY_PORT node a.js", "--"))}))
	})

	it("tells a plain command its script's name when that was chosen", func() {
		packageJSON(`{"scripts":{"serve":"node a.js"}}`)
		env["BP_NPM_START_SCRIPT"] = "serve"
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("-event", "serve", "--", "node", "a.js"))}))
	})

	it("runs the hooks of the script around it", func() {
		packageJSON(`{"scripts":{"start":"node a.js","prestart":"echo a","poststart":"echo b"}}`)
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("-event", "start", "-pre", "echo a", "-post", "echo b", "--", "node", "a.js"))}))
	})

	it("runs the hooks of the script that was chosen, as npm does", func() {
		packageJSON(`{"scripts":{"serve":"a | b","preserve":"echo a","prestart":"echo wrong"}}`)
		env["BP_NPM_START_SCRIPT"] = "serve"
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("-event", "serve", "-pre", "echo a", "-shell", "a | b", "--"))}))
	})

	it("starts in the project's folder", func() {
		write(t, filepath.Join(app, "my web", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		env["BP_NODE_PROJECT_PATH"] = "my web"
		Expect(processes()[0].WorkingDirectory).To(Equal(filepath.Join(app, "my web")))
	})

	it("starts a workspace in its folder, with its own commands before the root's", func() {
		packageJSON(`{"workspaces":["packages/*"]}`)
		write(t, filepath.Join(app, "packages", "a", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		env["BP_NODE_PROJECT_PATH"] = "packages/a"
		result, err := build()
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Launch.DirectProcesses[0].WorkingDirectory).To(Equal(filepath.Join(app, "packages", "a")))
		Expect(filesOf(t, filepath.Join(result.Layers[1].Path, "env.launch"))).To(HaveKeyWithValue("PATH.prepend",
			filepath.Join(app, "packages", "a", "node_modules", ".bin")+":"+filepath.Join(app, "node_modules", ".bin")))
	})

	it("leads the links of a workspace's root to the launch", func() {
		packageJSON(`{"workspaces":["packages/*"]}`)
		write(t, filepath.Join(app, "packages", "a", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		links := nodemodules.Links{Build: []string{"node_modules"}, Launch: []string{"node_modules"}}
		modules := t.TempDir()
		Expect(links.Write(modules)).To(Succeed())
		Expect(nodemodules.Link(app, modules, links.Build)).To(Succeed())
		env["BP_NODE_PROJECT_PATH"], env[nodemodules.LaunchLayerVariable] = "packages/a", "/layers/launch"
		_, err := build()
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal("/layers/launch/node_modules"))
	})

	it("writes nothing into the app", func() {
		packageJSON(`{"scripts":{"start":"./start.sh"}}`)
		write(t, filepath.Join(app, "start.sh"), "#!/bin/sh\n")
		Expect(processes()).To(Equal([]packit.DirectProcess{web(supervisor("--", "./start.sh"))}))
		entries, err := os.ReadDir(app)
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(HaveLen(2))
		text, err := os.ReadFile(filepath.Join(app, "start.sh"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(Equal("#!/bin/sh\n"))
	})

	context("in tini mode", func() {
		it.Before(func() { env["BP_LAUNCH_WITH_TINI"] = "true" })

		it("starts a plain command under tini, with its quotes read", func() {
			packageJSON(`{"scripts":{"start":"node 'a b.js'"}}`)
			Expect(processes()).To(Equal([]packit.DirectProcess{web([]string{"tini", "-g", "--", "node", "a b.js"})}))
		})

		it("starts anything else in a shell", func() {
			packageJSON(`{"scripts":{"start":"node a.js","prestart":"echo a","poststart":"echo b"}}`)
			Expect(processes()).To(Equal([]packit.DirectProcess{web([]string{"tini", "-g", "--", "sh", "-c", patient + `echo a && node a.js "$@" && echo b`, "sh"})}))
		})

		it("starts a command with variables in a shell", func() {
			packageJSON(`{"scripts":{"start":"PORT=1 node a.js"}}`)
			Expect(processes()).To(Equal([]packit.DirectProcess{web([]string{"tini", "-g", "--", "sh", "-c", patient + `PORT=1 node a.js "$@"`, "sh"})}))
		})

		it("starts in the project's folder", func() {
			write(t, filepath.Join(app, "my web", "package.json"), `{"scripts":{"start":"node a.js"}}`)
			env["BP_NODE_PROJECT_PATH"] = "my web"
			started := processes()
			Expect(started[0].Command).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
			Expect(started[0].WorkingDirectory).To(Equal(filepath.Join(app, "my web")))
		})

		it("restarts with live reload", func() {
			packageJSON(`{"scripts":{"start":"node a.js"}}`)
			env["BP_LIVE_RELOAD_ENABLED"] = "true"
			started := processes()
			Expect(started).To(HaveLen(2))
			Expect(started[0].Command[0]).To(Equal("watchexec"))
			Expect(started[0].Command[len(started[0].Command)-5:]).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
			Expect(started[1].Command).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
		})

		it("needs no supervisor", func() {
			packageJSON(`{"scripts":{"start":"node a.js"}}`)
			result, err := build()
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Layers).To(HaveLen(1))
			Expect(result.Layers[0].Name).To(Equal("environment"))
		})
	})

	it("has a process that restarts and one that does not, with live reload", func() {
		packageJSON(`{"scripts":{"start":"node a.js"}}`)
		env["BP_LIVE_RELOAD_ENABLED"] = "true"
		command := supervisor("--", "node", "a.js")
		started := processes()
		Expect(started).To(HaveLen(2))
		watching := started[0].Command
		Expect(watching[:4]).To(Equal([]string{"watchexec", "--restart", "--watch", app}))
		Expect(watching[len(watching)-7:]).To(Equal(append([]string{"--shell", "none", "--"}, command...)))
		for _, name := range []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules", ".git", "dist", "build", ".next", "coverage", "logs"} {
			Expect(ignored(watching)).To(ContainElement(filepath.Join(app, name)))
		}
		Expect(ignored(watching)).To(ContainElement("**/*.log"))
		Expect(started[1]).To(Equal(packit.DirectProcess{Type: "no-reload", Command: command, Args: []string{}, WorkingDirectory: app}))
	})

	for _, row := range []struct{ name, text string }{
		{"by its script", `{"scripts":{"start":"node ./dist/main.js"}}`},
		{"by an option", `{"scripts":{"start":"node --import=./dist/instrument.js a.js"}}`},
		{"by its main file", `{"main":"dist/index.js","scripts":{"start":"node ."}}`},
		{"as a folder", `{"scripts":{"start":"serve dist"}}`},
	} {
		it("watches the output that the app is started from: "+row.name, func() {
			packageJSON(row.text)
			env["BP_LIVE_RELOAD_ENABLED"] = "true"
			watching := processes()[0].Command
			Expect(ignored(watching)).NotTo(ContainElement(filepath.Join(app, "dist")))
			Expect(ignored(watching)).To(ContainElement(filepath.Join(app, "build")))
		})
	}

	context("the layer supervisor", func() {
		it.Before(func() { packageJSON(`{"scripts":{"start":"node a.js"}}`) })

		for _, arch := range []string{"arm64", "amd64"} {
			it("has the program of the target: "+arch, func() {
				env["CNB_TARGET_ARCH"] = arch
				result, err := build()
				Expect(err).NotTo(HaveOccurred())
				Expect(result.Layers[0].Name).To(Equal("supervisor"))
				Expect([]bool{result.Layers[0].Launch, result.Layers[0].Build, result.Layers[0].Cache}).To(Equal([]bool{true, false, false}))
				path := filepath.Join(layers, "supervisor", "bin", "supervisor")
				text, err := os.ReadFile(path)
				Expect(err).NotTo(HaveOccurred())
				Expect(string(text)).To(Equal("for " + arch))
				info, err := os.Stat(path)
				Expect(err).NotTo(HaveOccurred())
				Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o755)))
			})
		}

		it("is reused without its content when the program is the same", func() {
			result, err := build()
			Expect(err).NotTo(HaveOccurred())
			restore(t, layers, result.Layers)
			again, err := build()
			Expect(err).NotTo(HaveOccurred())
			for i, layer := range again.Layers {
				Expect(layer.Launch).To(BeTrue())
				Expect(layer.Metadata).To(Equal(result.Layers[i].Metadata))
				Expect(layer.Path).NotTo(BeADirectory())
			}
		})

		it("is made anew for another target", func() {
			result, err := build()
			Expect(err).NotTo(HaveOccurred())
			restore(t, layers, result.Layers)
			env["CNB_TARGET_ARCH"] = "amd64"
			_, err = build()
			Expect(err).NotTo(HaveOccurred())
			Expect(filepath.Join(layers, "supervisor", "bin", "supervisor")).To(BeARegularFile())
		})

		it("is an error when the buildpack has none for the target", func() {
			Expect(os.Remove(filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"))).To(Succeed())
			_, err := build()
			Expect(err).To(MatchError(ContainSubstring("the buildpack has no supervisor for linux/arm64")))
		})
	})

	it("gives the process what npm gives a script", func() {
		packageJSON(`{"name":"@s/app","version":"1.2.3","scripts":{"start":"node a.js"},"engines":{"node":">=22"},
			"config":{"port":8080,"list":["a"],"deep":{"x-y":true}}}`)
		result, err := build()
		Expect(err).NotTo(HaveOccurred())
		Expect(filesOf(t, filepath.Join(result.Layers[1].Path, "env.launch"))).To(Equal(map[string]string{
			"INIT_CWD.default":                    app,
			"PATH.prepend":                        filepath.Join(app, "node_modules", ".bin"),
			"PATH.delim":                          ":",
			"npm_lifecycle_event.default":         "start",
			"npm_lifecycle_script.default":        "node a.js",
			"npm_package_config_deep_x-y.default": "true",
			"npm_package_config_list_0.default":   "a",
			"npm_package_config_port.default":     "8080",
			"npm_package_engines_node.default":    ">=22",
			"npm_package_json.default":            filepath.Join(app, "package.json"),
			"npm_package_name.default":            "@s/app",
			"npm_package_version.default":         "1.2.3",
		}))
	})

	it("leads node_modules to the modules of the launch", func() {
		packageJSON(`{"scripts":{"start":"node a.js"}}`)
		modules := t.TempDir()
		links := nodemodules.Links{Build: []string{"node_modules"}, Launch: []string{"node_modules"}}
		Expect(links.Write(modules)).To(Succeed())
		Expect(nodemodules.Link(app, modules, links.Build)).To(Succeed())
		env[nodemodules.LaunchLayerVariable] = "/layers/launch-modules"
		processes()
		Expect(os.Readlink(filepath.Join(app, "node_modules"))).To(Equal("/layers/launch-modules/node_modules"))
	})

	it("refuses a target that nothing is made for", func() {
		packageJSON(`{"scripts":{"start":"node a.js"}}`)
		env["CNB_TARGET_ARCH"] = "riscv64"
		_, err := build()
		Expect(err).To(MatchError(ContainSubstring(`unsupported target "linux/riscv64"`)))
	})
}

// ignored are the patterns that a command line of watchexec ignores.
func ignored(line []string) (patterns []string) {
	for i, word := range line {
		if word == "--ignore" {
			patterns = append(patterns, line[i+1])
		}
	}
	return patterns
}

// restore leaves of launch layers what the lifecycle restores: the metadata,
// not the content.
func restore(t *testing.T, layersDir string, layers []packit.Layer) {
	t.Helper()
	for _, layer := range layers {
		if err := os.RemoveAll(layer.Path); err != nil {
			t.Fatal(err)
		}
		text := "[metadata]\nsha256 = \"" + layer.Metadata["sha256"].(string) + "\"\n"
		write(t, filepath.Join(layersDir, layer.Name+".toml"), text)
	}
}

// filesOf are the texts of the files in a folder, by their names.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[entry.Name()] = string(text)
	}
	return texts
}
