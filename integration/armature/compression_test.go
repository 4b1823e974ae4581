//go:build linux

package integration_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/oci"
)

// --compression small changes only the size: content and digest are the same
// every time, whatever was built before.
func TestCompressionChangesNothingButTheSize(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	fast := u.must(express, "--tag", "app-fast")
	small := u.must(express, "--tag", "app-small", "--compression", "small")
	again := u.must(express, "--tag", "app-small", "--compression", "small")
	other := u.must(express, "--tag", "app-fast", "--compression", "small")
	back := u.must(express, "--tag", "app-fast")
	if again.digest != small.digest || other.digest != small.digest || back.digest != fast.digest {
		t.Errorf("got %s, %s and %s compressed small, %s and %s fast: want one digest for each", small.digest, again.digest, other.digest, fast.digest, back.digest)
	}
	read := func(b built) *v1.Manifest {
		image, err := oci.ReadLayout(b.folder)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		return manifest
	}
	is, was := read(again), read(fast) // app-fast is fast again
	if is.Config.Digest != was.Config.Digest {
		t.Error("the images have different configurations")
	}
	var sizes [2]int64
	for i := range is.Layers {
		sizes[0] += is.Layers[i].Size
		sizes[1] += was.Layers[i].Size
	}
	if ratio := float64(sizes[0]) / float64(sizes[1]); ratio > 0.92 {
		t.Errorf("got %d bytes out of %d, %.2f of them, want 0.92 or less", sizes[0], sizes[1], ratio)
	}
	if b := u.build(express, "--tag", "app-none", "--compression", "none"); b.status != 2 {
		t.Errorf("--compression none: got status %d, want 2\n%s", b.status, b.log)
	}
}
