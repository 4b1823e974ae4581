package integration_test

import (
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// dependencies builds an app for each way to install dependencies. For this
// machine's own target that of the module to compile stands for the others.
func dependencies(tg targets.Target) func(*testing.T, spec.G, spec.S) {
	return func(t *testing.T, when spec.G, it spec.S) {
		Expect := gomega.NewWithT(t).Expect

		// works reports whether the app answers with what it got from its
		// dependencies, and every program and library of the image is the
		// target's.
		works := func(app string, body any) {
			built := sharedImage(t, app, tg)
			wrong, right := elfFiles(t, built, tg)
			Expect(wrong).To(BeEmpty())
			Expect(right).To(ContainElement(ContainSubstring("bin/node")))
			answers(t, built, body)
		}

		when("there is no lockfile", func() {
			it("installs what package.json asks for", func() {
				acrossOnly(t, tg)
				works("no-lockfile", "a minute is 60000 ms")
			})
		})

		when("node_modules is vendored", func() {
			it("takes it and runs its install scripts", func() {
				acrossOnly(t, tg)
				works("vendored", "made by npm rebuild")
			})
		})

		when("a vendored module has to be compiled", func() {
			it("compiles it for the target", func() {
				works("compiled", "compiled code says 42")
			})
		})

		when("the app is made of workspaces", func() {
			it("finds one from the other, and its dependencies", func() {
				acrossOnly(t, tg)
				works("workspaces", "Hello web, again in 1m")
			})
		})

		when("one of the workspaces is chosen", func() {
			it("has that and what it needs in the image, and nothing of the others", func() {
				acrossOnly(t, tg)
				i := newImage(t)
				t.Cleanup(i.remove)
				built, _, err := packBuild(tg).
					WithEnv(map[string]string{"BP_NODE_PROJECT_PATH": "packages/web"}).
					Execute(i.name, copyApp(t, "workspaces"))
				Expect(err).NotTo(HaveOccurred())
				answers(t, built, "Hello web, again in 1m")
				paths := files(t, built, "workspace/", "layers/armature_npm-install/")
				Expect(paths).To(ContainElements("workspace/packages/greeter/greet.js", HaveSuffix("/node_modules/ms/package.json")))
				Expect(paths).NotTo(ContainElement(Or(ContainSubstring("packages/worker"), ContainSubstring("/node_modules/escape-html"))))
			})
		})

		when("a dependency is a folder of the app", func() {
			it("finds it, and its dependencies", func() {
				acrossOnly(t, tg)
				works("file-dependency", "Hello file, again in 1m")
			})
		})

		when("a dependency has prebuilt binaries", func() {
			it("has the target's, and they work", func() {
				acrossOnly(t, tg)
				works("sharp", "16x12 webp")
			})
		})

		when("the app is made by a build script, with TypeScript and Vite", func() {
			it("has what they made, and the production dependencies only", func() {
				acrossOnly(t, tg)
				works("frontend", ContainSubstring("/assets/index-"))
				has := "name => require('fs').existsSync('/workspace/node_modules/' + name)"
				installed := node(t, sharedImage(t, "frontend", tg), "...['ms', 'vite', 'rolldown', 'typescript'].map("+has+")")
				Expect(installed).To(Equal([]any{true, false, false, false}))
			})
		})
	}
}
