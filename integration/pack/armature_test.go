package integration_test

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/oci"
)

// armature compares the armature program with pack.
func armature(t *testing.T, _ spec.G, it spec.S) {
	it("makes the image that pack makes, to the digest", func() {
		Expect := gomega.NewWithT(t).Expect
		server := httptest.NewServer(registry.New(
			registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())),
			registry.Logger(log.New(io.Discard, "", 0))))
		defer server.Close()
		repository := strings.TrimPrefix(server.URL, "http://")
		run := repository + "/armature/run:arm64"
		runImage, err := oci.ReadLayout("../../build/stack/run-arm64")
		Expect(err).NotTo(HaveOccurred())
		tag, err := name.NewTag(run)
		Expect(err).NotTo(HaveOccurred())
		Expect(remote.Write(tag, runImage)).To(Succeed())

		app := copyApp(t, "express")
		write(t, app, "notes.txt", "of no use to the app")
		developersFolder(t, app)
		write(t, app, "project.toml", "[build]\nexclude = [\"*.txt\"]\n[[build.env]]\nname = \"BP_LOG_LEVEL\"\nvalue = \"debug\"\n")
		digest := func(image string) string {
			ref, err := name.ParseReference(image)
			Expect(err).NotTo(HaveOccurred())
			described, err := remote.Head(ref)
			Expect(err).NotTo(HaveOccurred())
			return described.Digest.String()
		}
		cache := t.TempDir()
		// same builds with both, and returns what armature said.
		same := func(suffix string, forPack, forArmature []string) string {
			byPack, byArmature := repository+"/app-pack"+suffix, repository+"/app-armature"+suffix
			args := append([]string{"build", byPack, "--path", app, "--builder", "armature/builder:arm64", "--trust-builder",
				"--publish", "--run-image", run, "--pull-policy", "never", "--network", "host"}, forPack...)
			if settings.binding != "" {
				args = append(args, "--volume", settings.binding+":/platform/bindings/"+filepath.Base(settings.binding)+":ro")
			}
			defer removeCaches(byPack)
			out, err := exec.Command("pack", args...).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
			cmd := exec.Command("../../bin/armature", append([]string{"build", app, "--tag", byArmature, "--output", "registry",
				"--builder", os.Getenv("ARMATURE_BUILDERS"), "--run-image", run, "--cache-dir", cache}, forArmature...)...)
			out, err = cmd.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(out))
			Expect(digest(byArmature)).To(Equal(digest(byPack)))
			return string(out)
		}
		out := same("", nil, nil)
		same("-labels",
			[]string{"--creation-time", "1769860800", "--env", "BP_IMAGE_LABELS=team='two words' x.example/quote='it'\\''s'"},
			[]string{"--creation-time", "2026-01-31T12:00:00Z", "--label", "x.example/quote=it's", "--label", "team=two words"})
		Expect(digest(repository + "/app-armature-labels")).NotTo(Equal(digest(repository + "/app-armature")))
		Expect(out).To(ContainSubstring("Leaving out node_modules of the app: .gitignore leaves it out"))
		ref, err := name.ParseReference(repository + "/app-armature")
		Expect(err).NotTo(HaveOccurred())
		image, err := remote.Image(ref)
		Expect(err).NotTo(HaveOccurred())
		files := namesIn(t, image)
		Expect(files).To(ContainElement("workspace/.env")) // which only gives a warning
		for _, file := range files {
			Expect(file).NotTo(Or(ContainSubstring("/.git/"), ContainSubstring("node_modules/stale"), HaveSuffix("docs/for-developers.md")))
		}
	})
}

// developersFolder adds a developer's files to an app, checked out with a umask
// of 077.
func developersFolder(t *testing.T, app string) {
	t.Helper()
	for _, file := range []struct{ path, text string }{
		{".git/HEAD", "ref: refs/heads/main\n"},
		{".git/objects/pack/x.pack", "x"},
		{".gitignore", "node_modules/\n"},
		{".env", "KEY=value\n"},
		{".dockerignore", "docs\n*.log\n!keep.log\n"},
		{"docs/for-developers.md", "x"},
		{"npm-debug.log", "x"},
		{"keep.log", "x"},
		{"node_modules/stale/package.json", `{"name":"stale","version":"1.0.0"}`},
		{"scripts/run.sh", "#!/bin/sh\n"},
	} {
		place := filepath.Join(app, file.path)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(file.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(app, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		mode := fs.FileMode(0o600)
		if entry.IsDir() || filepath.Ext(path) == ".sh" {
			mode = 0o700
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// namesIn are the names of everything in an image, without a slash at the begin.
func namesIn(t *testing.T, image v1.Image) (all []string) {
	t.Helper()
	rootFS := mutate.Extract(image)
	defer rootFS.Close()
	for r := tar.NewReader(rootFS); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimPrefix(header.Name, "/"))
	}
}
