//go:build linux

package destination_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
)

func TestWhatKeepsAnImageFromItsPlaceIsKnownBefore(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && strings.HasPrefix(r.URL.Path, "/v2/theirs/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	programs, places := t.TempDir(), t.TempDir()
	t.Setenv("PATH", programs)
	if err := errors.Join(os.Mkdir(places+"/taken", 0o755), os.WriteFile(places+"/taken/file", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, output, tag string
		platforms         int
		annotations       map[string]string
		want              string // id, or "" for nothing
	}{
		{"a registry that takes it", "registry", host + "/ours/app", 2, nil, ""},
		{"a registry that forbids it", "registry", host + "/theirs/app", 1, nil, "registry-refused"},
		{"a registry that is not there", "registry", "127.0.0.1:1/ours/app", 1, nil, "registry-unreachable"},
		{"a layout, whatever the name", "", "127.0.0.1:1/ours/app", 2, map[string]string{"a": "b"}, ""},
		{"two platforms for an engine", "docker", "app", 2, nil, "output-one-platform"},
		{"two platforms in an archive", "tar:x.tar", "app", 2, nil, "output-one-platform"},
		{"annotations in an archive", "tar:x.tar", "app", 1, map[string]string{"a": "b"}, "output-no-annotations"},
		{"an archive", "tar:x.tar", "app", 1, nil, ""},
		{"an archive where a folder is", "tar:" + places, "app", 1, nil, "output-unwritable"},
		{"an archive below a file", "tar:" + places + "/taken/file/x.tar", "app", 1, nil, "output-unwritable"},
		{"an archive where nobody writes", "tar:/proc/x.tar", "app", 1, nil, "output-unwritable"},
		{"a layout in a new folder", "oci:" + places + "/new/deep", "app", 1, nil, ""},
		{"a layout where something else is", "oci:" + places + "/taken", "app", 1, nil, "output-occupied"},
		{"a layout where a file is", "oci:" + places + "/taken/file", "app", 1, nil, "output-unwritable"},
		{"a layout where nobody writes", "oci:/proc/new/layout", "app", 1, nil, "output-unwritable"},
		{"no docker", "docker", "app", 1, nil, "docker-unreachable"},
	} {
		to, err := destination.Parse(tc.output)
		if err != nil {
			t.Fatal(err)
		}
		to.Annotations = tc.annotations
		tag, err := name.NewTag(tc.tag)
		if err != nil {
			t.Fatal(err)
		}
		err = to.Check(t.Context(), tag, tc.platforms)
		if tc.want == "" && err != nil || tc.want != "" && !errors.Is(err, &failure.Failure{ID: tc.want}) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
	to, err := destination.Parse("docker")
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{"echo cannot connect >&2; exit 1": "cannot connect", "echo 27": ""} {
		if err := os.WriteFile(programs+"/docker", []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		err := to.Check(t.Context(), name.MustParseReference("app").(name.Tag), 1)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", script, err, want)
		}
	}
}

func TestAnnotationsAreInEveryManifestAndTheIndex(t *testing.T) {
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	to, err := destination.Parse("oci:" + t.TempDir() + "/layout")
	if err != nil {
		t.Fatal(err)
	}
	to.Annotations = map[string]string{"org.opencontainers.image.revision": "1"}
	tag, err := name.NewTag("app")
	if err != nil {
		t.Fatal(err)
	}
	var made []v1.Image
	for _, arch := range []string{"arm64", "amd64"} {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: arch})
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, destination.Annotated(image, map[string]string{"before": arch}))
	}
	written, err := to.Write(t.Context(), h, tag, made)
	if err != nil {
		t.Fatal(err)
	}
	folder, digest, _ := strings.Cut(written, "@")
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := index.Digest(); got.String() != digest {
		t.Errorf("got %s, the program said %s", got, digest)
	}
	manifest, err := index.IndexManifest()
	if err != nil || manifest.Annotations["org.opencontainers.image.revision"] != "1" {
		t.Errorf("the index: got %v, %v", manifest.Annotations, err)
	}
	for _, one := range manifest.Manifests {
		image, err := index.Image(one.Digest)
		if err != nil {
			t.Fatal(err)
		}
		got, err := image.Manifest()
		if err != nil || got.Annotations["org.opencontainers.image.revision"] != "1" || got.Annotations["before"] != one.Platform.Architecture {
			t.Errorf("%s: got %v, %v", one.Platform, got.Annotations, err)
		}
	}
}
