//go:build linux

package loopback_test

import (
	"os"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/testing/scarce"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// What runs short of files or of room for them is an error, or has done all that
// it does otherwise.
func TestWhatRunsShortIsWholeOrAnError(t *testing.T) {
	image := textImage(t)
	from, err := loopback.OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			t.Fatal(err)
		}
		content, err := layer.Compressed()
		if err == nil {
			err = from.Put(t.Context(), "", digest, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	all := func(v1.Descriptor) bool { return true }
	store := func(b *loopback.Blobs) ([]byte, error) { return b.Store(image, from) }
	for name, tc := range map[string]struct {
		before, do func(*loopback.Blobs) ([]byte, error)
	}{
		"storing": {nil, store},
		"compressing": {store, func(b *loopback.Blobs) ([]byte, error) {
			stored, err := b.Store(image, from)
			if err != nil {
				return nil, err
			}
			again, err := b.Image(stored)
			if err != nil {
				return nil, err
			}
			return b.Smaller(t.Context(), again, all)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			open := func() (*loopback.Blobs, string) {
				dir := t.TempDir()
				blobs, err := loopback.OpenBlobs(dir)
				if err == nil && tc.before != nil {
					_, err = tc.before(blobs)
				}
				if err != nil {
					t.Fatal(err)
				}
				return blobs, dir
			}
			blobs, dir := open()
			want, err := tc.do(blobs)
			if err != nil {
				t.Fatal(err)
			}
			wanted := namesIn(t, dir)
			try := func() scarce.Try {
				blobs, dir := open()
				var got []byte
				return scarce.Try{
					Do: func() (err error) {
						got, err = tc.do(blobs)
						return err
					},
					Check: func() {
						if string(got) != string(want) || !slices.Equal(namesIn(t, dir), wanted) {
							t.Errorf("got %s with %q, want %s with %q", got, namesIn(t, dir), want, wanted)
						}
					},
				}
			}
			scarce.Files(t, try)
			scarce.Room(t, try)
		})
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
