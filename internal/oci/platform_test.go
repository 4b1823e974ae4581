package oci_test

import (
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

func TestImageChoosesByPlatformAndNeverTheNextBest(t *testing.T) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if _, err := layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})); err != nil {
		t.Fatal(err)
	}
	if _, err := oci.Image(dir, targets.LinuxAMD64); err != nil {
		t.Error(err)
	}
	_, err = oci.Image(dir, targets.LinuxARM64)
	if err == nil || !strings.Contains(err.Error(), "has images for linux/amd64, want linux/arm64") {
		t.Errorf("got %v", err)
	}
	if _, err := oci.Image(t.TempDir(), targets.LinuxARM64); err == nil {
		t.Error("a folder that is no layout: got no error")
	}
}
