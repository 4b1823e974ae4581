package npminstall_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"
)

func testWorkspaceLinks(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("with workspaces", func() {
		it.Before(func() {
			f.withLock(files{
				"package.json":            `{"name":"app","workspaces":["packages/*"],"dependencies":{"word":"1.1.0","a":"*"}}`,
				"packages/a/package.json": `{"name":"a","version":"0.0.1","dependencies":{"word":"1.0.0"}}`,
				"packages/a/index.js":     `module.exports = "a with " + require("word")`,
				"node.js":                 `console.log(require("a"), "and", require("word"))`,
			})
		})

		it("leads the links to the app's folders, and has their own modules in the layer", func() {
			f.built(launchOnly)
			Expect(f.runs("node.js")).To(Equal("a with word@1.0.0 and word@1.1.0\n"))
			Expect(os.Readlink(f.modules("launch-modules", "a"))).To(Equal(filepath.Join(f.app, "packages", "a")))
			Expect(os.Readlink(filepath.Join(f.app, "packages", "a", "node_modules"))).To(
				Equal(filepath.Join(f.layersDir, "launch-modules", "packages", "a", "node_modules")))
		})

		it("links them again when the layer is reused", func() {
			f.restore(f.built(launchOnly))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(os.Remove(filepath.Join(f.app, "packages", "a", "node_modules"))).To(Succeed())
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Reusing"))
			Expect(os.Readlink(filepath.Join(f.app, "packages", "a", "node_modules"))).To(
				Equal(filepath.Join(f.layersDir, "launch-modules", "packages", "a", "node_modules")))
		})

		it("installs anew when a workspace's package.json changes", func() {
			f.restore(f.built(launchOnly))
			Expect(os.Remove(filepath.Join(f.app, "packages", "a", "node_modules"))).To(Succeed())
			appendTo(t, filepath.Join(f.app, "packages", "a", "package.json"), "\n")
			f.built(launchOnly)
			Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
		})
	})
}
