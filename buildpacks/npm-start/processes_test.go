package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
)

func testProcesses(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	process := func(kind string, isDefault bool, arguments ...string) packit.DirectProcess {
		return packit.DirectProcess{Type: kind, Command: f.supervisor(arguments...), Args: []string{}, Default: isDefault, WorkingDirectory: f.app}
	}

	context("when the app has a Procfile", func() {
		it.Before(func() {
			write(t, filepath.Join(f.app, "Procfile"), "worker: node w.js | tee log\nweb: node a.js\n")
			for _, name := range []string{"a.js", "w.js"} {
				write(t, filepath.Join(f.app, name), "")
			}
		})

		it("makes all its processes, and web is the default", func() {
			f.packageJSON(`{"scripts":{"start":"node b.js"}}`)
			Expect(f.processes()).To(Equal([]packit.DirectProcess{
				process("web", true, "--", "node", "a.js"),
				process("worker", false, "-event", "worker", "-shell", "node w.js | tee log", "--"),
			}))
			Expect(f.log.String()).To(ContainSubstring("because of Procfile"))
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("starts them in the folder of the file", func() {
			f.env["BP_NODE_PROJECT_PATH"] = "js"
			f.packageJSON(`{}`)
			Expect(f.processes()[0].WorkingDirectory).To(Equal(f.app))
		})

		it("adds processes of the settings, and replaces those of the same type", func() {
			f.packageJSON(`{}`)
			f.env["BP_START_COMMAND"], f.env["BP_START_COMMAND_clock"] = "node c.js", "node d.js"
			Expect(f.processes()).To(Equal([]packit.DirectProcess{
				process("web", true, "--", "node", "c.js"),
				process("clock", false, "-event", "clock", "--", "node", "d.js"),
				process("worker", false, "-event", "worker", "-shell", "node w.js | tee log", "--"),
			}))
		})

		it("runs the default process alone with live reload", func() {
			f.packageJSON(`{}`)
			f.env["BP_LIVE_RELOAD_ENABLED"] = "true"
			all := f.processes()
			Expect(all).To(HaveLen(3))
			Expect(all[0].Command[0]).To(Equal("watchexec"))
			Expect(all[1:]).To(Equal([]packit.DirectProcess{
				process("no-reload", false, "--", "node", "a.js"),
				process("worker", false, "-event", "worker", "-shell", "node w.js | tee log", "--"),
			}))
		})

		it("makes none where a later buildpack does, and nothing else starts the app", func() {
			write(t, filepath.Join(f.root, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/procfile\"\n")
			f.packageJSON(`{}`)
			Expect(f.processes()).To(BeEmpty())
		})
	})

	it("makes the first process the default without a process web", func() {
		write(t, filepath.Join(f.app, "Procfile"), "bot: node bot.js\n")
		f.packageJSON(`{}`)
		Expect(f.processes()).To(Equal([]packit.DirectProcess{process("bot", true, "--", "node", "bot.js")}))
	})

	it("starts what the build has made", func() {
		f.packageJSON(`{"dependencies":{"@nestjs/core":"11"},"scripts":{"build":"nest build"}}`)
		write(t, filepath.Join(f.app, "dist", "src", "main.js"), "")
		Expect(f.processes()).To(Equal([]packit.DirectProcess{process("web", true, "--", "node", "dist/src/main.js")}))
	})

	it("links the files of a standalone server beside it", func() {
		f.packageJSON(`{"dependencies":{"next":"16"},"scripts":{"build":"next build"}}`)
		for _, name := range []string{"next.config.js", ".next/standalone/server.js", ".next/static/a.js", "public/b.png"} {
			write(t, filepath.Join(f.app, name), "output: 'standalone'")
		}
		Expect(f.processes()).To(Equal([]packit.DirectProcess{process("web", true, "--", "HOSTNAME=0.0.0.0", "node", ".next/standalone/server.js")}))
		for _, name := range []string{".next/standalone/.next/static/a.js", ".next/standalone/public/b.png"} {
			Expect(filepath.Join(f.app, name)).To(BeARegularFile())
		}
		target, err := os.Readlink(filepath.Join(f.app, ".next/standalone/.next/static"))
		Expect(err).NotTo(HaveOccurred())
		Expect(target).To(Equal("../../static"))
	})

	it("fails when the build has made nothing to start, and says what was looked for", func() {
		f.packageJSON(`{"dependencies":{"@nestjs/core":"11"},"scripts":{"build":"nest build"}}`)
		_, err := f.build()
		Expect(err).To(MatchError(&failure.Failure{ID: "start-script-missing"}))
		Expect(err).To(MatchError(ContainSubstring("NestJS (@nestjs/core is a dependency): dist/main.js, ")))
	})

	it("fails when the build has made a site, and says how it is served", func() {
		f.packageJSON(`{"devDependencies":{"webpack":"5"},"scripts":{"build":"webpack"},"main":"none.js"}`)
		write(t, filepath.Join(f.app, "dist", "index.html"), "")
		_, err := f.build()
		Expect(err).To(MatchError(&failure.Failure{ID: "start-script-missing"}))
		Expect(err).To(MatchError(ContainSubstring("set BP_STATIC_ROOT=dist to have the files served")))
	})

	it("starts the only workspace that can be started, and says so", func() {
		f.packageJSON(`{"workspaces":["apps/*","packages/*"],"scripts":{"build":"turbo run build"}}`)
		write(t, filepath.Join(f.app, "apps", "web", "package.json"), `{"scripts":{"start":"node ."}}`)
		write(t, filepath.Join(f.app, "packages", "lib", "package.json"), `{"main":"index.js"}`)
		write(t, filepath.Join(f.app, "packages", "lib", "index.js"), "")
		Expect(f.processes()[0].WorkingDirectory).To(Equal(filepath.Join(f.app, "apps", "web")))
		Expect(f.log.String()).To(ContainSubstring("Starting a workspace: apps/web is the only workspace that can be started (package.json: the script start)"))
	})
}
