package main

import (
	"context"
	"fmt"
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
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ociEmpty is an OCI image without a layer.
var ociEmpty = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)

// layoutOf writes an OCI layout with an image for each architecture.
func layoutOf(t *testing.T, arches ...string) string {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, arch := range arches {
		image, err := mutate.ConfigFile(ociEmpty, &v1.ConfigFile{OS: "linux", Architecture: arch})
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

// What pack makes of an OCI image has layers of Docker's type.
func TestAnImageOfTwoKindsIsNotPublished(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	docker := static.NewLayer([]byte("layer"), types.DockerLayer)
	for _, tc := range []struct {
		name  string
		base  v1.Image
		layer types.MediaType
		want  string // part of the error
	}{
		{"a layer of Docker's in OCI's manifest", ociEmpty, types.DockerLayer, "of type " + string(types.DockerLayer)},
		{"a manifest of Docker's", empty.Image, types.OCILayer, "of type " + string(types.DockerManifestSchema2)},
		{"OCI's throughout", ociEmpty, types.OCILayer, ""},
	} {
		for _, copies := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d in the layout", tc.name, copies), func(t *testing.T) {
				image, err := mutate.Append(tc.base, mutate.Addendum{Layer: docker, MediaType: tc.layer})
				if err != nil {
					t.Fatal(err)
				}
				index := v1.ImageIndex(empty.Index)
				for range copies {
					index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
				}
				dir := filepath.Join(t.TempDir(), "layout")
				if _, err := layout.Write(dir, index); err != nil {
					t.Fatal(err)
				}
				err = run(context.Background(), []string{dir + "=" + strings.TrimPrefix(server.URL, "http://") + "/armature/run:x"}, io.Discard)
				if tc.want == "" && err != nil {
					t.Errorf("got %v", err)
				}
				if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("got %v, want %q in it", err, tc.want)
				}
			})
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
