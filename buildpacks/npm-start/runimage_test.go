package npmstart_test

import (
	"bytes"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

func testRunImage(t *testing.T, context spec.G, it spec.S) {
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
	})

	build := func(scripts string) error {
		write(t, filepath.Join(app, "package.json"), `{"scripts":`+scripts+`}`)
		_, err := npmstart.Build(environOf(env), scribe.NewEmitter(log))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
		})
		return err
	}

	// analyzed writes the lifecycle's file.
	analyzed := func(text string) { write(t, filepath.Join(layers, "analyzed.toml"), text) }

	const withoutShell = "[run-image]\nreference = \"armature/run-tiny:arm64\"\n[run-image.target]\nid = \"armature/trixie-run-tiny\"\nos = \"linux\"\narch = \"arm64\"\n"

	context("when the run image has no shell", func() {
		it.Before(func() { analyzed(withoutShell) })

		for _, row := range []struct{ name, scripts string }{
			{"a plain command", `{"start":"node server.js"}`},
			{"a plain command with variables", `{"start":"PORT=1 node server.js"}`},
			{"a command of a package", `{"start":"next start"}`},
			{"plain hooks", `{"start":"node a.js","prestart":"node b.js","poststart":"node c.js"}`},
			{"a script for node", `{"start":"./bin/www"}`},
			{"a command with npm as an argument", `{"start":"node a.js --with npm"}`},
			{"a hook of another script that may not", `{"start":"node a.js","prebuild":"a && b"}`},
		} {
			it("builds "+row.name, func() {
				write(t, filepath.Join(app, "bin", "www"), "#!/usr/bin/env node\n")
				Expect(build(row.scripts)).To(Succeed())
			})
		}

		for _, row := range []struct{ name, scripts, cause string }{
			{"shell syntax", `{"start":"a && b"}`, "the script start of package.json uses what only a shell can do: a && b"},
			{"a hook", `{"start":"node a.js","prestart":"echo $HOME"}`, "the script prestart of package.json uses what only a shell can do: echo $HOME"},
			{"npm", `{"start":"npm run serve"}`, "the script start of package.json calls npm, which runs scripts in a shell"},
			{"a shell by its name", `{"start":"bash ./start.sh"}`, "the script start of package.json calls bash"},
			{"scripts that run through npm", `{"start":"run-s build serve"}`, "the script start of package.json calls run-s, which runs scripts in a shell"},
			{"what starts others in a shell", `{"start":"concurrently x y"}`, "the script start of package.json calls concurrently, which runs scripts in a shell"},
			{"a script that names no program", `{"start":"./bare.sh"}`, "./bare.sh, which the script start of package.json starts, is a script for sh"},
			{"npm behind variables", `{"start":"PORT=1 npm run serve"}`, "the script start of package.json calls npm, which runs scripts in a shell"},
			{"a shell script", `{"start":"./start.sh --fast"}`, "./start.sh, which the script start of package.json starts, is a script for /bin/sh -e"},
		} {
			it("is an error that says what needs a shell: "+row.name, func() {
				write(t, filepath.Join(app, "start.sh"), "#!/bin/sh -e\n")
				write(t, filepath.Join(app, "bare.sh"), "node server.js\n")
				err := build(row.scripts)
				Expect(err).To(MatchError(&failure.Failure{ID: "shell-missing"}))
				Expect(err).To(MatchError(ContainSubstring("the run image armature/trixie-run-tiny has no shell, but " + row.cause)))
				Expect(err).To(MatchError(ContainSubstring("armature/run")))
			})
		}

		it("is an error in tini mode, for what tini cannot start by itself", func() {
			env["BP_LAUNCH_WITH_TINI"] = "true"
			Expect(build(`{"start":"node a.js"}`)).To(Succeed())
			Expect(build(`{"start":"PORT=1 node a.js"}`)).To(MatchError(ContainSubstring("tini starts one program")))
		})
	})

	context("when the run image has no bash and another buildpack needs it", func() {
		const start = `{"start":"node a.js"}`

		it.Before(func() { analyzed(withoutShell) })

		for _, row := range []struct {
			name, launch string
			want         string // named in the error; empty for no error
		}{
			{"a process for bash", "[[processes]]\ntype = \"worker\"\ncommand = \"node b.js | tee log\"\n", "worker (of some_procfile)"},
			{"one that says so", "[[processes]]\ntype = \"web\"\ncommand = \"node\"\nargs = [\"b.js\"]\ndirect = false\n", "web (of some_procfile)"},
			{"several", "[[processes]]\ntype = \"b\"\ncommand = \"x\"\n[[processes]]\ntype = \"a\"\ncommand = \"x\"\n", "a (of some_procfile), b (of some_procfile)"},
			{"a direct process", "[[processes]]\ntype = \"worker\"\ncommand = \"node\"\ndirect = true\n", ""},
			{"a direct process as of Buildpack API 0.9", "[[processes]]\ntype = \"worker\"\ncommand = [\"node\", \"b.js\"]\n", ""},
			{"labels only", "[[labels]]\nkey = \"a\"\nvalue = \"b\"\n", ""},
		} {
			it("is an error that names it: "+row.name, func() {
				write(t, filepath.Join(layers, "some_procfile", "launch.toml"), row.launch)
				err := build(start)
				if row.want == "" {
					Expect(err).NotTo(HaveOccurred())
					return
				}
				Expect(err).To(MatchError(&failure.Failure{ID: "bash-missing"}))
				Expect(err).To(MatchError(ContainSubstring("the run image armature/trixie-run-tiny has no bash, and the lifecycle's launcher starts these processes with it: " + row.want + "\n")))
				env["BP_NODE_START_CHECK"] = "warn"
				Expect(build(start)).To(Succeed())
				Expect(log.String()).To(ContainSubstring("WARNING: [bash-missing]"))
				env["BP_NODE_START_CHECK"] = "off"
				Expect(build(start)).To(Succeed())
				analyzed("[run-image.target]\nid = \"armature/trixie-run\"\n")
				delete(env, "BP_NODE_START_CHECK")
				Expect(build(start)).To(Succeed())
			})
		}

		it("warns of what only bash reads", func() {
			write(t, filepath.Join(app, ".profile"), "export A=1\n")
			for _, row := range []struct{ layer, types string }{{"launched", "launch = true"}, {"built", "build = true"}} {
				write(t, filepath.Join(layers, "some_apt", row.layer, "profile.d", "a.sh"), "export B=1\n")
				write(t, filepath.Join(layers, "some_apt", row.layer+".toml"), "[types]\n"+row.types+"\n")
			}
			Expect(build(start)).To(Succeed())
			Expect(log.String()).To(ContainSubstring("WARNING: [profile-not-read] the run image armature/trixie-run-tiny has no bash, so nobody reads .profile of the app, some_apt/launched/profile.d. "))
		})

		it("warns of a Procfile that a later buildpack makes processes of", func() {
			write(t, filepath.Join(app, "Procfile"), "worker: node b.js\n")
			write(t, filepath.Join(layers, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/procfile\"\n")
			Expect(build(start)).To(Succeed())
			Expect(log.String()).To(ContainSubstring("WARNING: [procfile-needs-bash] the run image armature/trixie-run-tiny has no bash"))
			log.Reset()
			write(t, filepath.Join(app, "Procfile"), "")
			Expect(build(start)).To(Succeed())
			Expect(log.String()).NotTo(ContainSubstring("procfile-needs-bash"))
		})

		it("says nothing without any", func() {
			write(t, filepath.Join(app, "a.js"), "")
			Expect(build(start)).To(Succeed())
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})
	})

	it("builds for any other run image, and where its id is not known", func() {
		Expect(build(`{"start":"a && b"}`)).To(Succeed())
		for _, text := range []string{"", "[run-image.target]\nid = \"armature/trixie-run\"\n", "[run-image]\nextend = true\n[run-image.target]\nid = \"armature/trixie-run-tiny\"\n"} {
			analyzed(text)
			Expect(build(`{"start":"a && b"}`)).To(Succeed())
		}
	})
}
