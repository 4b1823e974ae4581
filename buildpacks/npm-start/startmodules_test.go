package npmstart_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
)

func testStartModules(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("when Next.js reads its configuration with typescript", func() {
		next := dev(`"start":"next start -p $PORT"`, "typescript")
		it.Before(func() { write(t, filepath.Join(f.app, "next.config.ts"), "") })

		it("is an error without it", func() {
			f.install(".bin/next", "next/package.json")
			err := f.check(next)
			Expect(err).To(MatchError(&failure.Failure{ID: cannotRun}))
			Expect(err).To(MatchError(ContainSubstring("Next.js 15.5.9 reads next.config.ts with typescript whenever it starts")))
			Expect(err).To(MatchError(ContainSubstring("To fix it: take Next.js 16, or write next.config.js, or put typescript under dependencies.")))
		})

		it("is none where it is there", func() {
			f.install(".bin/next", "next/package.json", "typescript/package.json")
			Expect(f.check(next)).To(Succeed())
		})

		it("is none where there is another configuration, which goes before", func() {
			f.install(".bin/next", "next/package.json")
			write(t, filepath.Join(f.app, "next.config.mjs"), "")
			Expect(f.check(next)).To(Succeed())
		})

		it("is none for Next.js 16", func() {
			f.install(".bin/next")
			write(t, filepath.Join(f.modules, "next", "package.json"), `{"version":"16.0.0"}`)
			Expect(f.check(next)).To(Succeed())
		})
	})

	context("when the layer of modules is reused, without its content", func() {
		const locked = `{"lockfileVersion":3,"packages":{"":{},
			"node_modules/serve":{"version":"1.0.0","bin":{"serve":"a.js"}},
			"node_modules/semver":{"version":"1.0.0","dev":true,"bin":{"semver":"a.js"}},
			"node_modules/deep":{"version":"1.0.0","dev":true,"bin":{"deeper":"a.js"}},
			"node_modules/x/node_modules/semver":{"version":"1.0.0","bin":{"semver":"a.js"}},
			"node_modules/tool":{"resolved":"packages/tool","link":true},"packages/tool":{"version":"1.0.0","bin":{"my-tool":"a.js"}},
			"node_modules/next":{"version":"15.1.0","bin":{"next":"a.js"}}}}`
		it.Before(func() {
			write(t, filepath.Join(f.app, "package-lock.json"), locked)
			Expect(os.Symlink(f.modules, filepath.Join(f.app, "node_modules"))).To(Succeed())
		})

		it("goes by the lockfile", func() {
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: cannotRun}))
			Expect(f.check(dev(`"start":"npx semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: cannotRun}))
			Expect(f.check(dev(`"start":"serve dist"`, "serve"))).To(Succeed())
			Expect(f.check(dev(`"start":"my-tool"`, "tool"))).To(Succeed())
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("knows what a development dependency brings", func() {
			Expect(f.check(dev(`"start":"deeper"`))).To(MatchError(ContainSubstring("only devDependencies bring its package deep")))
		})

		it("knows the version of Next.js", func() {
			write(t, filepath.Join(f.app, "next.config.ts"), "")
			Expect(f.check(dev(`"start":"next start"`, "typescript"))).To(MatchError(ContainSubstring("Next.js 15.1.0")))
		})

		it("does not know where npm keeps development dependencies", func() {
			f.env["NPM_CONFIG_INCLUDE"] = "dev"
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			delete(f.env, "NPM_CONFIG_INCLUDE")
			write(t, filepath.Join(f.app, ".npmrc"), "registry=x\ninclude = dev\n")
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("does not wait for the other end of a pipe", func() {
			Expect(syscall.Mkfifo(filepath.Join(f.app, ".npmrc"), 0o644)).To(Succeed())
			Expect(f.check(dev(`"start":"deeper"`))).To(MatchError(ContainSubstring("only devDependencies bring its package deep")))
		})

		it("goes by a lockfile of version 2, also where no modules are linked", func() {
			write(t, filepath.Join(f.app, "package-lock.json"), strings.Replace(locked, `"lockfileVersion":3`, `"lockfileVersion":2`, 1))
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: cannotRun}))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: cannotRun}))
		})

		it("does not know by a lockfile of version 1", func() {
			write(t, filepath.Join(f.app, "package-lock.json"), strings.Replace(locked, `"lockfileVersion":3`, `"lockfileVersion":1`, 1))
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			Expect(f.log.String()).To(ContainSubstring("[start-needs-dev-dependency]"))
		})
	})

	context("when the project is a workspace", func() {
		it.Before(func() {
			write(t, filepath.Join(f.app, "package.json"), `{"workspaces":["packages/*"]}`)
			f.env["BP_NODE_PROJECT_PATH"] = "packages/a"
		})

		it("finds the programs of the root's modules", func() {
			f.install(".bin/semver")
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("finds those of its own", func() {
			f.install()
			own := filepath.Join(f.root, "armature_npm-install", "launch-modules", "packages", "a", "node_modules")
			write(t, filepath.Join(own, ".bin", "semver"), "")
			Expect(os.MkdirAll(filepath.Join(f.app, "packages", "a"), 0o755)).To(Succeed())
			Expect(os.Symlink(own, filepath.Join(f.app, "packages", "a", "node_modules"))).To(Succeed())
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("is an error without either", func() {
			f.install()
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: cannotRun}))
		})
	})

	context("when it is not known what modules there will be", func() {
		it("warns of a development dependency, whoever provides the modules", func() {
			write(t, filepath.Join(f.app, "node_modules", ".bin", "x"), "")
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			Expect(f.log.String()).To(ContainSubstring("WARNING: [start-needs-dev-dependency] the script start calls semver"))
		})

		it("takes modules of another layer for no proof", func() {
			other := filepath.Join(f.root, "some_yarn-install", "modules", "node_modules")
			Expect(os.MkdirAll(other, 0o755)).To(Succeed())
			Expect(os.Symlink(other, filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})
	})
}
