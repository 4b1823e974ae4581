package npmstart_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

func testEnvironments(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	detect := func() (packit.DetectResult, error) {
		return npmstart.Detect(environOf(f.env))(packit.DetectContext{WorkingDir: f.app})
	}

	// process is the only one of the image, and what runs in it.
	process := func(kind string, command ...string) []packit.DirectProcess {
		return []packit.DirectProcess{{Type: kind, Command: f.supervisor(command...), Args: []string{}, Default: true, WorkingDirectory: f.app}}
	}

	context("for tests", func() {
		it.Before(func() { f.env["CNB_EXEC_ENV"] = "test" })

		it("has the script test as its only process, with what devDependencies have", func() {
			f.packageJSON(`{"scripts":{"start":"node missing.js","pretest":"eslint .","test":"vitest run"},"devDependencies":{"vitest":"4"}}`)
			Expect(f.processes()).To(Equal(process("test", "-event", "test", "-pre", "eslint .", "--", "vitest", "run")))
			Expect(f.log.String()).To(ContainSubstring("because of package.json: the script test"))
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("takes a library, which nothing starts, and a site", func() {
			f.packageJSON(`{"scripts":{"build":"vite build","test":"vitest run"},"devDependencies":{"vite":"7"}}`)
			write(t, filepath.Join(f.app, "index.html"), "")
			_, err := detect()
			Expect(err).NotTo(HaveOccurred())
			Expect(f.processes()).To(Equal(process("test", "-event", "test", "--", "vitest", "run")))
		})

		it("requires the managers that it calls", func() {
			f.packageJSON(`{"scripts":{"test":"npm run lint && pnpm -r test","lint":"yarn eslint ."}}`)
			result, err := detect()
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Plan.Requires[1].Name).To(Equal("npm"))
			Expect(result.Plan.Requires[2].Metadata).To(And(HaveField("NPM", true), HaveField("PNPM", true), HaveField("Yarn", true), HaveField("Bun", false)))
		})

		it("does not pass without tests", func() {
			f.packageJSON(`{"scripts":{"start":"node a.js","test":"echo \"Error: no test specified\" && exit 1"}}`)
			_, err := detect()
			Expect(err).To(BeAssignableToTypeOf(packit.Fail))
			Expect(err).To(MatchError(ContainSubstring("[test-script-missing] the script test of package.json is npm's default")))
		})
	})

	context("for development", func() {
		it.Before(func() { f.env["CNB_EXEC_ENV"] = "development" })

		it("has the script dev as its only process", func() {
			f.packageJSON(`{"scripts":{"start":"next start","dev":"next dev"},"dependencies":{"next":"16"}}`)
			Expect(f.processes()).To(Equal(process("development", "-event", "dev", "--", "next", "dev")))
		})

		it("does not pass without a way to develop", func() {
			f.packageJSON(`{"scripts":{"start":"node dist/a.js"}}`)
			_, err := detect()
			Expect(err).To(MatchError(ContainSubstring("[development-script-missing] ")))
		})
	})

	it("is for production alone what it says", func() {
		f.env["CNB_EXEC_ENV"] = "production"
		f.packageJSON(`{"scripts":{"start":"node a.js","test":"node --test"}}`)
		write(t, filepath.Join(f.app, "a.js"), "")
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("--", "node", "a.js"))}))
	})

	it("refuses another one", func() {
		f.env["CNB_EXEC_ENV"] = "staging"
		f.packageJSON(`{}`)
		_, err := detect()
		Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
		_, err = f.build()
		Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
	})
}
