package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// offline builds without any network, as in an air gap.
func offline(t *testing.T, when spec.G, it spec.S) {
	var (
		Expect = gomega.NewWithT(t).Expect
		app    string
	)

	it.Before(func() {
		app = copyApp(t, "server")
	})

	builds := func(build occam.PackBuild, selected, answer string) occam.Image {
		i := newImage(t)
		t.Cleanup(i.remove)
		built, logs, err := build.WithNetwork("none").Execute(i.name, app)
		Expect(err).NotTo(HaveOccurred())
		Expect(logs.String()).To(ContainSubstring(selected))
		answers(t, built, answer)
		return built
	}

	when("the builder holds the archives of a release line", func() {
		it("builds with it", func() {
			builds(packBuild(targets.LinuxARM64), "Selected Node.js 24.", "up")
		})
	})

	when("the app brings a cache of npm's along", func() {
		it("installs from it, and leaves it out of the image", func() {
			app = copyApp(t, "express")
			npm(t, app, "ci", "--cache", "npm-cache", "--ignore-scripts")
			if err := os.RemoveAll(filepath.Join(app, "node_modules")); err != nil {
				t.Fatal(err)
			}
			built := builds(packBuild(targets.LinuxARM64), "Selected Node.js 24.", "Hello World!")
			Expect(node(t, built, "fs.existsSync('npm-cache')")).To(Equal([]any{false}))
		})
	})

	when("an offline buildpackage holds those of another", func() {
		it("builds with that", func() {
			const version = "0.1.0-offline"
			// One package manager stands for all, which make managers packages.
			cmd := exec.Command("make", "--no-print-directory", "-C", "../..", "package", "OFFLINE=1", "NODE=22", "MANAGERS=yarn-1", "VERSION="+version)
			cmd.Env = append(os.Environ(), "MAKEFLAGS=")
			making.Lock()
			out, err := cmd.CombinedOutput()
			making.Unlock()
			Expect(err).NotTo(HaveOccurred(), string(out))
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			folder := filepath.Join("../..", filepath.Dir(lines[len(lines)-1]))
			builds(packBuild(targets.LinuxARM64).
				WithBuildpacks(filepath.Join(folder, "armature_nodejs-"+version+".cnb")).
				WithAdditionalBuildArgs("--trust-extra-buildpacks").
				WithEnv(map[string]string{"BP_NODE_VERSION": "22"}), "Selected Node.js 22.", "up")
		})
	})

	when("no archive of the requested line exists", func() {
		it("says that neither source can be reached and leaves no image", func() {
			logs := fails(t, packBuild(targets.LinuxARM64).WithEnv(map[string]string{"BP_NODE_VERSION": "20.20.2"}).WithNetwork("none"), app)
			Expect(logs).To(ContainSubstring("[node-download-failed]"))
		})
	})
}
