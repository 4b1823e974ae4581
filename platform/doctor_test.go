//go:build linux

package platform

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// A build reads the builder's layers, so Doctor reads them, too.
func TestTheDoctorOpensTheBuildersLayers(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := random.Image(100, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := plain.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture = host.OS, host.Arch
	image, err := mutate.ConfigFile(plain, config)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), host.Dashed())
	if err := oci.WriteLayout(dir, image); err != nil {
		t.Fatal(err)
	}
	look := func() Check {
		var d doctor
		d.builder(t.Context(), dir)
		i := slices.IndexFunc(d.Checks, func(c Check) bool { return strings.HasPrefix(c.What, "builder for "+host.String()) })
		if i < 0 {
			t.Fatalf("got %v", d.Checks)
		}
		return d.Checks[i]
	}
	if got := look(); !got.Works {
		t.Errorf("got %v", got)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	blob := func(one v1.Descriptor) string {
		return filepath.Join(dir, "blobs", one.Digest.Algorithm, one.Digest.Hex)
	}
	if err := os.Remove(blob(manifest.Layers[1])); err != nil { // root may read it in spite of its mode
		t.Fatal(err)
	}
	if got := look(); got.Works || !strings.Contains(got.What, ": reading the OCI layout "+dir) || !strings.Contains(got.What, "to fix it: ") {
		t.Errorf("got %v", got)
	}
}

func TestTheDoctorSaysThatADiskIsFull(t *testing.T) {
	for _, tc := range []struct {
		size  string // of the disk
		root  bool   // a builder is unpacked
		wants string
	}{
		{"1m", false, "1 MB are free, and a build takes at least 1073"},
		{"1m", true, "1 MB are free, and a build takes at least 134"},
		{"512m", false, "536 MB are free, and a build takes at least 1073"},
		{"512m", true, ""},
		{"1100m", false, ""},
	} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+tc.size); err != nil {
			t.Skipf("this test mounts a small disk, which takes root: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
		if tc.root {
			if err := os.MkdirAll(filepath.Join(dir, "roots/a"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var d doctor
		err := d.space(home.Home{Dir: dir})
		if tc.wants == "" && err != nil || tc.wants != "" && (!errors.Is(err, &failure.Failure{ID: "disk-full"}) || !strings.Contains(err.Error(), tc.wants)) {
			t.Errorf("%+v: got %v", tc, err)
		}
		if d.Checks[0].Works || !strings.HasPrefix(d.Checks[0].What, dir) { // less than it may need
			t.Errorf("%+v: got %v", tc, d.Checks)
		}
	}
}
