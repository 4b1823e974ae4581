package integration_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	. "github.com/paketo-buildpacks/occam/matchers"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/target"
)

// graceful is an app without dependencies that ends by itself, with a status
// of its own, when it is told to.
const graceful = `
const server = require('http').createServer((_, response) => response.end('up'))
server.listen(3000)
process.on('SIGTERM', () => { console.log('closing'); server.close(() => process.exit(7)) })
`

const gracefulPackage = `{"name": "graceful", "version": "1.0.0", "scripts": {"start": "node server.js"}}`

func stopping(tg target.Target) func(*testing.T, spec.G, spec.S) {
	return func(t *testing.T, when spec.G, it spec.S) {
		var (
			Expect     = gomega.NewWithT(t).Expect
			Eventually = gomega.NewWithT(t).Eventually
			docker     = occam.NewDocker()
		)

		// stop builds an app, starts it, stops it with docker's default signal
		// and returns how long that took and the container's exit status.
		stop := func(app string) (time.Duration, int) {
			i := newImage(t)
			defer i.remove()
			built, _, err := packBuild(tg).Execute(i.name, app)
			Expect(err).NotTo(HaveOccurred())
			container, err := docker.Container.Run.WithPublish("3000").Execute(built.ID)
			Expect(err).NotTo(HaveOccurred())
			defer docker.Container.Remove.Execute(container.ID)
			Eventually(container).Should(Serve(Not(BeEmpty())).OnPort(3000))
			start := time.Now()
			dockerOutput(t, "stop", container.ID)
			took := time.Since(start)
			status := dockerOutput(t, "inspect", "--format", "{{.State.ExitCode}}", container.ID)
			code, err := strconv.Atoi(strings.TrimSpace(string(status)))
			Expect(err).NotTo(HaveOccurred())
			return took, code
		}

		when("the app does nothing about signals", func() {
			it("ends at once, with the status of a terminated program", func() {
				took, status := stop(copyApp(t, "express"))
				Expect(took).To(BeNumerically("<", time.Second))
				Expect(status).To(Equal(128 + 15))
			})
		})

		when("the app closes down by itself", func() {
			it("ends with the app's own status", func() {
				app := t.TempDir()
				write(t, app, "server.js", graceful)
				write(t, app, "package.json", gracefulPackage)
				took, status := stop(app)
				Expect(took).To(BeNumerically("<", time.Second))
				Expect(status).To(Equal(7))
			})
		})
	}
}
