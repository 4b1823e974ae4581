package integration_test

import (
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// reloading starts an app under watchexec and tini from other buildpacks: here
// fakes that print their arguments and start it.
func reloading(t *testing.T, _ spec.G, it spec.S) {
	it("has a process that reloads and one that does not", func() {
		var (
			Expect    = gomega.NewWithT(t).Expect
			container = occam.NewDocker().Container.Run
			i         = newImage(t)
		)
		defer i.remove()
		built, _, err := packBuild(targets.LinuxARM64).
			WithBuildpacks("../testdata/stand-ins", "armature/nodejs").
			WithAdditionalBuildArgs("--trust-extra-buildpacks").
			WithEnv(map[string]string{"BP_LIVE_RELOAD_ENABLED": "true", "BP_LAUNCH_WITH_TINI": "true"}).
			Execute(i.name, copyApp(t, "server"))
		Expect(err).NotTo(HaveOccurred())

		reloads := serving(t, container, built, "up")
		said := logLines(t, reloads)
		Expect(said[0]).To(HavePrefix("watchexec --restart --watch /workspace --ignore "))
		Expect(said[0]).To(ContainSubstring(" --ignore /workspace/node_modules "))
		Expect(said[0]).To(HaveSuffix(" --shell none -- tini -g -- node server.js"))
		Expect(said[1:]).To(Equal([]string{"tini -g -- node server.js", "[]"}))

		remains := serving(t, container.WithEntrypoint("no-reload"), built, "up")
		Expect(logLines(t, remains)).To(Equal([]string{"tini -g -- node server.js", "[]"}))
	})
}
