//go:build linux

package order_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
	"github.com/armature-cnb/armature/platform/internal/source"
)

func TestWhatIsNotTheBuildersIsPinned(t *testing.T) {
	image := packaged(t, mainEntries...)
	base := write(t, t.TempDir(), files{
		"folder/buildpack.toml": buildpackTOML("a/folder", "1.0.0"), "folder/bin/build": "#!/bin/sh\n",
		"package.cnb": cnb(t, indexOf(image, nil)),
	})
	plan, err := order.Request{Buildpacks: named(base, "own/a", "./folder", "./package.cnb")}.Resolve(t.Context(), newBuilder(t), t.TempDir(), targets.LinuxAMD64, images.Registries{})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := source.Digest(t.Context(), filepath.Join(base, "folder"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	want := []order.Fetched{{Name: "./folder", Digest: folder}, {Name: "./package.cnb", Digest: manifest.String()}}
	if !slices.Equal(plan.Fetched, want) {
		t.Errorf("got %v, want %v", plan.Fetched, want)
	}
}
