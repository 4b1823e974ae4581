package integration_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// publish pushes the builder of one target, for every host, to a registry on
// loopback and reads it as a platform on each host would.
func publish(t *testing.T, _ spec.G, it spec.S) {
	it("is one index per target, whose hosts all get the target's launcher and run image", func() {
		Expect := gomega.NewWithT(t).Expect
		server := httptest.NewServer(registry.New(
			registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())),
			registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		repository := strings.TrimPrefix(server.URL, "http://") + "/armature"

		cmd := exec.Command("make", "-C", "../..", "publish", "PLATFORM=linux/arm64", "REPOSITORY="+repository, "BUILDER="+t.TempDir())
		cmd.Env = append(os.Environ(), "MAKEFLAGS=")
		making.Lock()
		out, err := cmd.CombinedOutput()
		making.Unlock()
		Expect(err).NotTo(HaveOccurred(), string(out))

		runImages := []string{repository + "/run:arm64", repository + "/run-tiny:arm64"}
		for _, image := range runImages {
			run, err := name.ParseReference(image)
			Expect(err).NotTo(HaveOccurred())
			described, err := remote.Get(run)
			Expect(err).NotTo(HaveOccurred())
			Expect(described.MediaType.IsImage()).To(BeTrue(), image+" must be a plain manifest, not an index")
		}

		builder, err := name.ParseReference(repository + "/builder:arm64")
		Expect(err).NotTo(HaveOccurred())
		for _, host := range targets.All() {
			image, err := remote.Image(builder, remote.WithPlatform(v1.Platform{OS: host.OS, Architecture: host.Arch}))
			Expect(err).NotTo(HaveOccurred())
			config, err := image.ConfigFile()
			Expect(err).NotTo(HaveOccurred())
			Expect(config.Architecture).To(Equal(host.Arch))
			for _, run := range runImages {
				Expect(config.Config.Labels["io.buildpacks.builder.metadata"]).To(ContainSubstring(run))
			}

			machines := elfMachines(t, image, "cnb/lifecycle/launcher", "cnb/lifecycle/lifecycle")
			Expect(machines).To(HaveKeyWithValue("cnb/lifecycle/launcher", targets.LinuxARM64.ELF()))
			Expect(machines).To(HaveKeyWithValue("cnb/lifecycle/lifecycle", host.ELF()))
		}
	})
}
