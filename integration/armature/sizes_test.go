//go:build linux

package integration_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci/sizes"
	"github.com/armature-cnb/armature/platform"
)

var recordSizes = flag.Bool("record-sizes", false, "write docs/benchmarks/sizes.json")

const sizesFile = "../../docs/benchmarks/sizes.json"

// Sizes do not depend on the machine. A change of a size updates the record in
// the same commit.
func TestSizesAreThoseOnRecord(t *testing.T) {
	t.Parallel()
	bothBuilders(t)
	u := newUser(t, 0)
	var measured []sizes.Entry
	for _, to := range targets.All() {
		layout := filepath.Join(t.TempDir(), "image")
		u.must(express, "--tag", "sizes", "--platform", to.String(), "--output", "oci:"+layout)
		measured = append(measured, imageSize(t, "image of the Express app, "+to.String(), layout, to, owners(t, layout, to)))
		site := staticImage(t, u, staticSite, to, "--tag", "site-sizes")
		measured = append(measured, imageSize(t, "image of the static site, "+to.String(), site.folder, to, owners(t, site.folder, to)))
		for _, kind := range []string{"run", "run-tiny"} {
			measured = append(measured, imageSize(t, kind+" image, "+to.String(), filepath.Join(made.stack, kind+"-"+to.Arch), to, nil))
		}
		measured = append(measured, programSizes(t, to)...)
	}
	if *recordSizes {
		if err := sizes.Write(sizesFile, measured); err != nil {
			t.Fatal(err)
		}
		return
	}
	recorded, err := sizes.Read(sizesFile)
	if err != nil {
		t.Fatal(err)
	}
	if differences := sizes.Compare(recorded, measured); len(differences) > 0 {
		t.Errorf("sizes are not those on record:\n  %s\nIf that is meant: make sizes, and commit docs/benchmarks/sizes.json with what made the change.", strings.Join(differences, "\n  "))
	}
}

// owners are the names of an app image's layers by digest.
func owners(t *testing.T, folder string, to targets.Target) map[string]string {
	t.Helper()
	found, err := platform.Inspect(t.Context(), platform.InspectRequest{Image: folder, Target: to, Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, layer := range found[0].Layers {
		names[layer.Digest] = layer.Owner
	}
	return names
}

// imageSize returns the entry of an image. Without known owners there is one
// layer, which needs no name.
func imageSize(t *testing.T, what, layout string, to targets.Target, owners map[string]string) sizes.Entry {
	t.Helper()
	layers, err := sizes.Of(layoutImage(t, layout, to), owners)
	if err != nil {
		t.Fatal(err)
	}
	entry := sizes.Image(what, layers)
	if owners == nil {
		entry.Layers = nil
	}
	return entry
}

// programSizes are the buildpacks' programs and the helpers for a target.
func programSizes(t *testing.T, to targets.Target) (all []sizes.Entry) {
	t.Helper()
	packages := os.Getenv("ARMATURE_PACKAGES")
	if packages == "" {
		t.Fatal("ARMATURE_PACKAGES is not set: run `make integration-armature`")
	}
	paths, err := filepath.Glob(filepath.Join(packages, "*/bin", to.Dashed(), "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("got no programs for %s in %s: %v", to, packages, err)
	}
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if !info.Mode().IsRegular() {
			continue // another name
		}
		name, err := filepath.Rel(packages, path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sizes.Entry{What: name, Uncompressed: info.Size()})
	}
	return all
}
