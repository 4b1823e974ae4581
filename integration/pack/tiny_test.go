package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	. "github.com/paketo-buildpacks/occam/matchers"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// tellArguments is an app that prints its arguments and the variable GREETING.
const tellArguments = `
const http = require('http')
const answer = JSON.stringify({ arguments: process.argv.slice(2), greeting: process.env.GREETING, version: process.version })
http.createServer((_, response) => response.end(answer)).listen(3000)
`

// graceful is an app that exits with its own status on a signal.
const graceful = `
const server = require('http').createServer((_, response) => response.end('up'))
server.listen(3000)
process.on('SIGTERM', () => server.close(() => process.exit(7)))
`

// tiny tests the run image without a shell or any other program. For this
// machine's own target Express stands for what starts.
func tiny(tg targets.Target) func(*testing.T, spec.G, spec.S) {
	return func(t *testing.T, when spec.G, it spec.S) {
		var (
			Expect     = gomega.NewWithT(t).Expect
			Eventually = gomega.NewWithT(t).Eventually
			docker     = occam.NewDocker()
			built      image
		)

		it.Before(func() { built = newImage(t) })
		it.After(func() { built.remove() })

		onTiny := func() occam.PackBuild { return packBuild(tg).WithRunImage("armature/run-tiny:" + tg.Arch) }

		// serves starts the image on a read-only root file system, checks its
		// answer, stops it, and returns its exit status.
		serves := func(answer any, arguments ...string) int {
			container, err := docker.Container.Run.WithReadOnly().WithPublish("3000").WithCommandArgs(arguments).Execute(built.name)
			Expect(err).NotTo(HaveOccurred())
			defer docker.Container.Remove.Execute(container.ID)
			Eventually(container).Should(Serve(answer).OnPort(3000))
			Expect(processUser(t, container.ID)).To(Equal("1001"))
			dockerOutput(t, "stop", container.ID) // kills it after 10 s, which the status shows
			code, err := strconv.Atoi(strings.TrimSpace(string(dockerOutput(t, "inspect", "--format", "{{.State.ExitCode}}", container.ID))))
			Expect(err).NotTo(HaveOccurred())
			return code
		}

		it("runs Express, in an image with no program but Node.js", func() {
			express, _, err := onTiny().Execute(built.name, copyApp(t, "express"))
			Expect(err).NotTo(HaveOccurred())
			Expect(serves("Hello World!")).To(Equal(128 + 15))

			wrong, right := elfFiles(t, express, tg)
			Expect(wrong).To(BeEmpty())
			Expect(right).To(ContainElement(ContainSubstring("bin/node")))
			err = exec.Command("docker", "run", "--rm", "--entrypoint", "/bin/sh", built.name, "-c", "true").Run()
			Expect(err).To(HaveOccurred(), "there is a shell")
		})

		it("starts a command with variables and arguments, under a Node.js that needs libatomic", func() {
			acrossOnly(t, tg)
			app := t.TempDir()
			write(t, app, "server.js", tellArguments)
			write(t, app, "package.json", `{"name": "tell", "version": "1.0.0", "scripts": {"start": "GREETING='good day' node server.js --own \"x y\""}}`)
			_, _, err := onTiny().WithEnv(map[string]string{"BP_NODE_VERSION": "26"}).Execute(built.name, app)
			Expect(err).NotTo(HaveOccurred())
			Expect(serves(And(
				ContainSubstring(`"arguments":["--own","x y","a b","","$HOME"]`),
				ContainSubstring(`"greeting":"good day"`),
				ContainSubstring(`"version":"v26.`),
			), "a b", "", "$HOME")).To(Equal(128 + 15))
		})

		it("starts a package's command, and hooks, without env", func() {
			acrossOnly(t, tg)
			app := t.TempDir()
			Expect(os.MkdirAll(filepath.Join(app, "web"), 0o755)).To(Succeed())
			write(t, app, "web/package.json", `{"name": "web", "version": "1.0.0", "bin": {"my-web": "cli.js"}}`)
			write(t, app, "web/cli.js", "#!/usr/bin/env node\n"+graceful)
			write(t, app, "package.json", `{"name": "app", "version": "1.0.0", "dependencies": {"web": "file:web"},
				"scripts": {"prestart": "node -p 1+1", "start": "my-web serve"}}`)
			_, _, err := onTiny().Execute(built.name, app)
			Expect(err).NotTo(HaveOccurred())
			Expect(serves("up")).To(Equal(7))
		})

		when("the start script needs a shell", func() {
			it("ends the build, and says why", func() {
				app := t.TempDir()
				write(t, app, "server.js", graceful)
				write(t, app, "package.json", `{"name": "app", "version": "1.0.0", "scripts": {"start": "node server.js | cat"}}`)
				_, logs, err := onTiny().Execute(built.name, app)
				Expect(err).To(HaveOccurred())
				Expect(logs.String()).To(ContainSubstring("[shell-missing] the run image io.github.armature-cnb.trixie-run-tiny has no shell"))
				Expect(logs.String()).To(ContainSubstring("To fix it:"))
			})
		})
	}
}
