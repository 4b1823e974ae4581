package main

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// layoutOf writes an OCI layout with an image for each architecture.
func layoutOf(t *testing.T, arches ...string) string {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, arch := range arches {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: arch})
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}}})
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if _, err := layout.Write(dir, index); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunPushesOneImagePlainAndSeveralAsIndex(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/armature"
	args := []string{
		layoutOf(t, "arm64") + "=" + repository + "/run:arm64",
		layoutOf(t, "amd64", "arm64") + "=" + repository + "/builder:arm64",
	}
	if err := run(context.Background(), args, io.Discard); err != nil {
		t.Fatal(err)
	}
	for reference, wantIndex := range map[string]bool{"/run:arm64": false, "/builder:arm64": true} {
		ref, err := name.ParseReference(repository + reference)
		if err != nil {
			t.Fatal(err)
		}
		got, err := remote.Get(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got.MediaType.IsIndex() != wantIndex {
			t.Errorf("%s: got %s, want an index: %v", reference, got.MediaType, wantIndex)
		}
	}
}

func TestRunRefusesBadArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"a-folder"}, {"/nowhere=localhost:1/a:b"}} {
		if err := run(context.Background(), args, io.Discard); err == nil {
			t.Errorf("%q: got no error", args)
		}
	}
}
