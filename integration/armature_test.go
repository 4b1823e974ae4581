package integration_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/ociimage"
)

// armature holds the armature program against pack.
func armature(t *testing.T, _ spec.G, it spec.S) {
	it("makes the image that pack makes, to the digest", func() {
		Expect := gomega.NewWithT(t).Expect
		server := httptest.NewServer(registry.New(
			registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())),
			registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		repository := strings.TrimPrefix(server.URL, "http://")
		run := repository + "/armature/run:arm64"
		runImage, err := ociimage.ReadLayout("../build/stack/run-arm64")
		Expect(err).NotTo(HaveOccurred())
		tag, err := name.NewTag(run)
		Expect(err).NotTo(HaveOccurred())
		Expect(remote.Write(tag, runImage)).To(Succeed())

		app := copyApp(t, "express")
		write(t, app, "notes.txt", "of no use to the app")
		write(t, app, "project.toml", "[build]\nexclude = [\"*.txt\"]\n[[build.env]]\nname = \"BP_LOG_LEVEL\"\nvalue = \"debug\"\n")
		args := []string{"build", repository + "/app-pack", "--path", app, "--builder", "armature/builder:arm64", "--trust-builder",
			"--publish", "--run-image", run, "--pull-policy", "never", "--network", "host"}
		if settings.binding != "" {
			args = append(args, "--volume", settings.binding+":/platform/bindings/"+filepath.Base(settings.binding)+":ro")
		}
		defer removeCaches(repository + "/app-pack")
		out, err := exec.Command("pack", args...).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))

		cmd := exec.Command("../bin/armature", "build", app, "--tag", repository+"/app-armature", "--output", "registry",
			"--builder", os.Getenv("ARMATURE_BUILDERS"), "--run-image", run, "--cache-dir", t.TempDir())
		out, err = cmd.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(out))

		digest := func(image string) string {
			ref, err := name.ParseReference(image)
			Expect(err).NotTo(HaveOccurred())
			described, err := remote.Head(ref)
			Expect(err).NotTo(HaveOccurred())
			return described.Digest.String()
		}
		Expect(digest(repository + "/app-armature")).To(Equal(digest(repository + "/app-pack")))
	})
}
