package npmstart_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"
)

// patient is what goes before a script, see command.Patient.
const patient = "trap exit TERM INT QUIT HUP; trap : USR1 USR2\n"

func testTini(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("in tini mode", func() {
		it.Before(func() { f.env["BP_LAUNCH_WITH_TINI"] = "true" })

		it("starts a plain command under tini, with its quotes read", func() {
			f.packageJSON(`{"scripts":{"start":"node 'a b.js'"}}`)
			Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web([]string{"tini", "-g", "--", "node", "a b.js"})}))
		})

		it("starts anything else in a shell", func() {
			f.packageJSON(`{"scripts":{"start":"node a.js","prestart":"echo a","poststart":"echo b"}}`)
			Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web([]string{"tini", "-g", "--", "sh", "-c", patient + `echo a && node a.js "$@" && echo b`, "sh"})}))
		})

		it("starts a command with variables in a shell", func() {
			f.packageJSON(`{"scripts":{"start":"PORT=1 node a.js"}}`)
			Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web([]string{"tini", "-g", "--", "sh", "-c", patient + `PORT=1 node a.js "$@"`, "sh"})}))
		})

		it("starts in the project's folder", func() {
			write(t, filepath.Join(f.app, "my web", "package.json"), `{"scripts":{"start":"node a.js"}}`)
			f.env["BP_NODE_PROJECT_PATH"] = "my web"
			started := f.processes()
			Expect(started[0].Command).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
			Expect(started[0].WorkingDirectory).To(Equal(filepath.Join(f.app, "my web")))
		})

		it("restarts with live reload", func() {
			f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
			f.env["BP_LIVE_RELOAD_ENABLED"] = "true"
			started := f.processes()
			Expect(started).To(HaveLen(2))
			Expect(started[0].Command[0]).To(Equal("watchexec"))
			Expect(started[0].Command[len(started[0].Command)-5:]).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
			Expect(started[1].Command).To(Equal([]string{"tini", "-g", "--", "node", "a.js"}))
		})

		it("needs no supervisor", func() {
			f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
			result, err := f.build()
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Layers).To(HaveLen(1))
			Expect(result.Layers[0].Name).To(Equal("environment"))
		})
	})
}
