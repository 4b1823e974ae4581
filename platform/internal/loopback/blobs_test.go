//go:build linux

package loopback_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

const (
	testDigest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"
	noDigest   = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

func openBlobs(t *testing.T, dir string) *loopback.Blobs {
	t.Helper()
	blobs, err := loopback.OpenBlobs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return blobs
}

func hash(t *testing.T, text string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// stored returns an image whose blobs are in a folder.
func stored(t *testing.T) (v1.Image, *loopback.Blobs) {
	t.Helper()
	r, blobs := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	return image, blobs
}

// nothingOpen fails if a file of the blobs is still open, or an incomplete one
// exists.
func nothingOpen(t *testing.T, blobs *loopback.Blobs) {
	t.Helper()
	dir := filepath.Dir(blobs.Path(hash(t, noDigest)))
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Fatalf("got %v, %v", links, err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, dir+"/") {
			t.Errorf("%s is open", to)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			t.Errorf("%s is left over", entry.Name())
		}
	}
}

// A stored image is independent of its source.
func TestAStoredImageIsWhole(t *testing.T) {
	image, from := stored(t)
	for _, tc := range []struct{ name, dir string }{
		{"in a folder beside", t.TempDir()},
		{"on another file system", otherFileSystem(t)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.dir == "" {
				t.Skip("this test mounts a file system, which takes root")
			}
			to := openBlobs(t, filepath.Join(tc.dir, "made", "blobs"))
			for range 2 { // an existing one stays
				raw, err := to.Store(image, from)
				if err != nil {
					t.Fatal(err)
				}
				got, err := to.Image(raw)
				if err != nil {
					t.Fatal(err)
				}
				if err := validate.Image(got); err != nil || !to.Whole(got) || digest(t, got) != digest(t, image) {
					t.Errorf("got %s, whole %v, %v", digest(t, got), to.Whole(got), err)
				}
			}
			nothingOpen(t, to)
			nothingOpen(t, from)
		})
	}
	if !from.Whole(image) {
		t.Error("what was given away is not there any more")
	}
}

// otherFileSystem returns a folder on another file system, or "".
func otherFileSystem(t *testing.T) string {
	dir := t.TempDir()
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m") != nil {
		return ""
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func TestAnImageThatLacksALayerIsNotStored(t *testing.T) {
	image, from := stored(t)
	if err := from.Keep(); err != nil {
		t.Fatal(err)
	}
	if _, err := openBlobs(t, t.TempDir()).Store(image, from); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// goneBlobs returns the blobs of a folder that no longer exists.
func goneBlobs(t *testing.T) *loopback.Blobs {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "gone")
	blobs := openBlobs(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	return blobs
}

func TestAFolderThatIsGoneIsAnError(t *testing.T) {
	for name, do := range map[string]func() error{
		"take": func() error { return openBlobs(t, t.TempDir()).Take(goneBlobs(t)) },
		"keep": func() error { return goneBlobs(t).Keep() },
		"put": func() error {
			return goneBlobs(t).Put(t.Context(), "", hash(t, testDigest), io.NopCloser(strings.NewReader("test")))
		},
	} {
		if err := do(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOnlyBlobsAreTakenAndOnlyBlobsGo(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for name, in := range map[string]string{"notes": dir, ".part-1": dir, "sha256-" + strings.Repeat("0", 64): dir} {
		if err := os.WriteFile(filepath.Join(in, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	from, to := openBlobs(t, dir), openBlobs(t, other)
	if err := to.Take(from); err != nil {
		t.Fatal(err)
	}
	if got := names(t, other); got != "sha256-"+strings.Repeat("0", 64) {
		t.Errorf("taken: got %s", got)
	}
	if err := from.Keep(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "notes" {
		t.Errorf("kept: got %s", got)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func TestABlobThatIsNotThereIsToldFromOneThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	blobs, digest := openBlobs(t, dir), hash(t, noDigest)
	if _, err := blobs.Get(t.Context(), "", digest); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("get: got %v", err)
	}
	if err := os.Symlink(filepath.Base(blobs.Path(digest)), blobs.Path(digest)); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Get(t.Context(), "", digest); err == nil || errors.Is(err, registry.ErrNotFound) {
		t.Errorf("get, of what cannot be read: got %v", err)
	}
	if _, err := blobs.Stat(t.Context(), "", digest); err == nil || errors.Is(err, registry.ErrNotFound) {
		t.Errorf("stat, of what cannot be read: got %v", err)
	}
}

func TestABlobIsKeptOnlyWhenItCameWhole(t *testing.T) {
	blobs := openBlobs(t, t.TempDir())
	broken := io.NopCloser(io.MultiReader(strings.NewReader("te"), broken{}))
	if err := blobs.Put(t.Context(), "", hash(t, testDigest), broken); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	if err := blobs.Put(t.Context(), "", v1.Hash{Algorithm: "md5", Hex: "00"}, io.NopCloser(strings.NewReader(""))); err == nil {
		t.Error("of an unknown algorithm: got no error")
	}
	nothingOpen(t, blobs)
	closed := &closing{Reader: strings.NewReader("test")}
	if err := blobs.Put(t.Context(), "", hash(t, testDigest), closed); err != nil || !closed.closed {
		t.Errorf("got %v, closed %v", err, closed.closed)
	}
	if size, err := blobs.Stat(t.Context(), "", hash(t, testDigest)); err != nil || size != 4 {
		t.Errorf("got %d bytes, %v", size, err)
	}
	nothingOpen(t, blobs)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestAStoredImageHasItsLayersAndNoOthers(t *testing.T) {
	image, blobs := stored(t)
	raw, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	got, err := blobs.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.LayerByDigest(hash(t, noDigest)); err == nil || !strings.Contains(err.Error(), "has no layer "+noDigest) {
		t.Errorf("got %v", err)
	}
	if kind, err := got.MediaType(); err != nil || kind != types.DockerManifestSchema2 {
		t.Errorf("got %s, %v", kind, err)
	}
	if _, err := blobs.Image([]byte("{")); err == nil {
		t.Error("of no manifest: got no error")
	}
}
