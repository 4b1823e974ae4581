package integration_test

import (
	"os/exec"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"
)

// engine checks the errors without a Docker engine.
func engine(t *testing.T, when spec.G, it spec.S) {
	Expect := gomega.NewWithT(t).Expect

	when("DOCKER_HOST names an engine that does not answer", func() {
		it("says so and what to do, and starts nothing", func() {
			cmd := exec.Command("../../scripts/engine.sh", "linux/arm64")
			cmd.Env = append(cmd.Environ(), "DOCKER_HOST=unix:///nonexistent/docker.sock")
			out, err := cmd.CombinedOutput()
			Expect(err).To(HaveOccurred())
			Expect(string(out)).To(ContainSubstring("[no-docker-engine] No Docker engine answers at unix:///nonexistent/docker.sock."))
			Expect(string(out)).To(ContainSubstring("To fix it:"))
		})
	})

	when("it is asked for a target that nobody has", func() {
		it("names those there are", func() {
			out, err := exec.Command("../../scripts/engine.sh", "linux/riscv64").CombinedOutput()
			Expect(err).To(HaveOccurred())
			Expect(string(out)).To(ContainSubstring("[unsupported-target]"))
			Expect(string(out)).To(ContainSubstring("linux/arm64 or linux/amd64"))
		})
	})
}
