package npmstart_test

import (
	"io"
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
	)

	it.Before(func() {
		app, layers, buildpack = t.TempDir(), t.TempDir(), t.TempDir()
		env = map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
		write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "for arm64")
	})

	build := func(scripts string) error {
		write(t, filepath.Join(app, "package.json"), `{"scripts":`+scripts+`}`)
		_, err := npmstart.Build(getter(env), scribe.NewEmitter(io.Discard))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
		})
		return err
	}

	// analyzed is the file of the lifecycle's.
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
			{"a script that names no program", `{"start":"./bare.sh"}`, "./bare.sh, which the script start of package.json starts, is a script for sh"},
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

	it("builds for any other run image, and where its id is not known", func() {
		Expect(build(`{"start":"a && b"}`)).To(Succeed())
		for _, text := range []string{"", "[run-image.target]\nid = \"armature/trixie-run\"\n", "[run-image]\nextend = true\n[run-image.target]\nid = \"armature/trixie-run-tiny\"\n"} {
			analyzed(text)
			Expect(build(`{"start":"a && b"}`)).To(Succeed())
		}
	})
}
