package npmstart_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"
)

func testReload(t *testing.T, _ spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	it("has a process that restarts and one that does not, with live reload", func() {
		f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
		f.env["BP_LIVE_RELOAD_ENABLED"] = "true"
		command := f.supervisor("--", "node", "a.js")
		started := f.processes()
		Expect(started).To(HaveLen(2))
		watching := started[0].Command
		Expect(watching[:4]).To(Equal([]string{"watchexec", "--restart", "--watch", f.app}))
		Expect(watching[len(watching)-7:]).To(Equal(append([]string{"--shell", "none", "--"}, command...)))
		for _, name := range []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules", ".git", "dist", "build", ".next", "coverage", "logs"} {
			Expect(ignored(watching)).To(ContainElement(filepath.Join(f.app, name)))
		}
		Expect(ignored(watching)).To(ContainElement("**/*.log"))
		Expect(started[1]).To(Equal(packit.DirectProcess{Type: "no-reload", Command: command, Args: []string{}, WorkingDirectory: f.app}))
	})

	for _, row := range []struct{ name, text string }{
		{"by its script", `{"scripts":{"start":"node ./dist/main.js"}}`},
		{"by an option", `{"scripts":{"start":"node --import=./dist/instrument.js a.js"}}`},
		{"by its main file", `{"main":"dist/index.js","scripts":{"start":"node ."}}`},
		{"as a folder", `{"scripts":{"start":"serve dist"}}`},
	} {
		it("watches the output that the app is started from: "+row.name, func() {
			f.packageJSON(row.text)
			f.env["BP_LIVE_RELOAD_ENABLED"] = "true"
			watching := f.processes()[0].Command
			Expect(ignored(watching)).NotTo(ContainElement(filepath.Join(f.app, "dist")))
			Expect(ignored(watching)).To(ContainElement(filepath.Join(f.app, "build")))
		})
	}
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
