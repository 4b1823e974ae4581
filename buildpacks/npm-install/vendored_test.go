package npminstall_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func testVendored(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("with vendored modules", func() {
		it.Before(func() {
			f.withLock(simple)
			npm(t, f.env, f.app, "ci", "--include=dev")
		})

		it("rebuilds them", func() {
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm rebuild'"))
			Expect(f.log.String()).To(ContainSubstring("Running 'npm rebuild --ignore-scripts'"))
			Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
		})

		it("keeps all of them for the build and takes devDependencies out for the launch", func() {
			f.built(buildAndLaunch)
			Expect(f.modules("build-modules", "tool")).To(BeADirectory())
			Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
			Expect(f.modules("launch-modules", "tool")).NotTo(BeADirectory())
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
		})

		it("reuses the layers only while the modules are the same", func() {
			saved := t.TempDir()
			Expect(exec.Command("cp", "-a", filepath.Join(f.app, "node_modules"), saved).Run()).To(Succeed())
			vendor := func() {
				Expect(os.RemoveAll(filepath.Join(f.app, "node_modules"))).To(Succeed())
				Expect(exec.Command("cp", "-a", filepath.Join(saved, "node_modules"), f.app).Run()).To(Succeed())
			}
			layers := f.built(buildAndLaunch)
			f.restore(layers)
			vendor()
			f.built(buildAndLaunch)
			Expect(bytes.Count(f.log.Bytes(), []byte("Reusing"))).To(Equal(2))
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))

			vendor()
			writeFiles(t, f.app, files{"node_modules/hello/more.js": ""})
			f.built(buildAndLaunch)
			Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
			Expect(f.modules("launch-modules", "hello", "more.js")).To(BeARegularFile())
		})

		it("does without those for development where another buildpack wants them for the build", func() {
			Expect(os.RemoveAll(filepath.Join(f.app, "node_modules", "tool"))).To(Succeed())
			f.built(buildAndLaunch)
			Expect(f.modules("build-modules", "hello")).To(BeADirectory())
			Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
		})

		it("leaves them out of the app image when told to", func() {
			f.env = f.env.With("BP_NODE_KEEP_MODULES", "false")
			Expect(f.built(launchOnly)).NotTo(HaveKey("launch-modules"))
			Expect(filepath.Join(f.app, "node_modules")).NotTo(BeADirectory())
		})

		it("leaves no link to them either, where another buildpack wants them for the build", func() {
			f.env = f.env.With("BP_NODE_KEEP_MODULES", "false")
			layers := f.built(buildAndLaunch)
			Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal(f.modules("build-modules")))
			Expect(nodemodules.Relink(f.app, layers["build-modules"].BuildEnv["ARMATURE_LAUNCH_MODULES.override"])).To(Succeed())
			_, err := os.Lstat(filepath.Join(f.app, "node_modules"))
			Expect(err).To(MatchError(os.ErrNotExist))
		})

		it("is an error when some are missing", func() {
			Expect(os.RemoveAll(filepath.Join(f.app, "node_modules", "hello"))).To(Succeed())
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "vendored-modules-incomplete"}))
		})
	})

	context("with a folder npm-cache in the app", func() {
		it.Before(func() {
			f.withLock(simple)
			npm(t, f.env.With("npm_config_cache", ""), f.app, "ci", "--include=dev")
			cmd := exec.Command("npm", "ci")
			cmd.Dir, cmd.Env = f.app, append(f.env, "npm_config_cache="+filepath.Join(f.app, "npm-cache"))
			Expect(cmd.Run()).To(Succeed())
		})

		it("installs from it, without the registry, also over modules", func() {
			f.npms.Close()
			layers := f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("Selected NPM build process: 'npm ci'"))
			Expect(layers["npm-cache"].Metadata).To(HaveKey("cache_sha"))
			Expect(filepath.Join(f.app, "npm-cache")).NotTo(BeADirectory())
		})

		it("takes another one in its place, and the same one not again", func() {
			saved := t.TempDir()
			Expect(exec.Command("cp", "-a", filepath.Join(f.app, "npm-cache"), saved).Run()).To(Succeed())
			layers := f.built(launchOnly)
			f.restore(layers)
			Expect(exec.Command("cp", "-a", filepath.Join(saved, "npm-cache"), f.app).Run()).To(Succeed())
			again := f.built(launchOnly)
			Expect(again["npm-cache"].Metadata).To(Equal(layers["npm-cache"].Metadata))
			Expect(filepath.Join(f.app, "npm-cache")).NotTo(BeADirectory())

			f.restore(again)
			Expect(exec.Command("cp", "-a", filepath.Join(saved, "npm-cache"), f.app).Run()).To(Succeed())
			writeFiles(t, f.app, files{"npm-cache/more": ""})
			third := f.built(launchOnly)
			Expect(third["npm-cache"].Metadata).NotTo(Equal(layers["npm-cache"].Metadata))
			Expect(filepath.Join(f.layersDir, "npm-cache", "more")).To(BeARegularFile())
		})
	})
}
