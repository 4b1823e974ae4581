//go:build linux

package loopback_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/tools/armature/internal/loopback"
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

// stored is an image whose blobs lie in a folder.
func stored(t *testing.T) (v1.Image, *loopback.Blobs) {
	t.Helper()
	r, blobs := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	return image, blobs
}

// nothingOpen fails where a file of the blobs is open still, or one is there that
// has not come whole.
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

// An image that is stored needs nothing of where it came from.
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
			for range 2 { // what is there already stays
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

// otherFileSystem is a folder on one, or empty.
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

// goneBlobs are those of a folder that is not there any more.
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

func TestReconfiguringSaysWhyItCannot(t *testing.T) {
	image, blobs := stored(t)
	same := func(config []byte) ([]byte, error) { return config, nil }
	if _, err := blobs.Reconfigured(image, func([]byte) ([]byte, error) { return nil, fs.ErrInvalid }); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a change that fails: got %v", err)
	}
	raw, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	spaced, err := blobs.Image(bytes.ReplaceAll(raw, []byte(`"digest":`), []byte(`"digest": `)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Reconfigured(spaced, same); err == nil || !strings.Contains(err.Error(), "0 times") {
		t.Errorf("a manifest with spaces: got %v", err)
	}
	if err := blobs.Keep(); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Reconfigured(spaced, same); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a configuration that is gone: got %v", err)
	}
}

func TestSmallerLeavesNothingBesideTheLayers(t *testing.T) {
	r, blobs := serve(t)
	image := textImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	every := func(v1.Descriptor) bool { return true }
	raw, err := blobs.Smaller(t.Context(), image, every)
	if err != nil {
		t.Fatal(err)
	}
	small, err := blobs.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second gains nothing
		if _, err := blobs.Smaller(t.Context(), small, every); err != nil {
			t.Fatal(err)
		}
		nothingOpen(t, blobs)
	}
	manifest, err := small.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	first := blobs.Path(manifest.Layers[0].Digest)
	if err := os.WriteFile(first, []byte("no gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), small, every); err == nil || !strings.Contains(err.Error(), "reading the layer "+manifest.Layers[0].Digest.String()) {
		t.Errorf("a layer that is no gzip: got %v", err)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), small, every); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a layer that is gone: got %v", err)
	}
	nothingOpen(t, blobs)
}

func TestAConfigurationOfOtherLayersIsRefused(t *testing.T) {
	image, blobs := stored(t)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs = config.RootFS.DiffIDs[:1]
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), image, func(v1.Descriptor) bool { return false }); err == nil || !strings.Contains(err.Error(), "the configuration has 1 layers, the manifest 2") {
		t.Errorf("got %v", err)
	}
}

func TestAManifestWhoseBlobsAreThereIsNamed(t *testing.T) {
	image, blobs := stored(t)
	r, here := serve(t)
	if _, err := r.Get(t.Context(), loopback.AppRepository); err == nil {
		t.Error("before: got no error")
	}
	raw, err := here.Store(image, blobs)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := here.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), loopback.AppRepository, mine); err != nil {
		t.Fatal(err)
	}
	got, err := r.Get(t.Context(), loopback.AppRepository)
	if err != nil || digest(t, got) != digest(t, image) {
		t.Errorf("got %v, %v", got, err)
	}
	if n := r.Manifests(loopback.AppRepository); n != 0 {
		t.Errorf("armature's own manifest is told %d times", n)
	}
}

func TestManifestsAreThoseThatTheLifecycleWrote(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	for path, want := range map[string]int{
		"/v2/app/manifests/latest": http.StatusCreated, "/v2/app/manifests/other": http.StatusCreated, "/v2/run/manifests/latest": http.StatusForbidden,
	} {
		if status, text := g.send("PUT", path, strings.NewReader("{}")); status != want {
			t.Errorf("%s: got %d, %s, want %d", path, status, text, want)
		}
	}
	if app, run := r.Manifests(loopback.AppRepository), r.Manifests(loopback.RunRepository); app != 2 || run != 0 {
		t.Errorf("got %d of the app and %d of the run image, want 2 and 0", app, run)
	}
}

// Whoever still waits for a registry that is closed hears so.
func TestAClosedRegistryAnswersNobody(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	if status, _ := g.send("PATCH", "/v2/app/blobs/uploads/1", strings.NewReader("half")); status != http.StatusAccepted {
		t.Errorf("got %d", status)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	nothingOpen(t, blobs)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := r.Get(ctx, loopback.AppRepository); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	if status, _ := g.send("GET", "/v2/app/manifests/latest", nil); status != 0 {
		t.Errorf("got %d", status)
	}
	cancel()
	if _, err := r.Get(ctx, loopback.AppRepository); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: got %v", err)
	}
}

func TestAnUploadIsRefusedWithWhatWouldWork(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	const at = "/v2/app/blobs/uploads/1"
	for _, step := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{name: "a part", method: "PATCH", path: at, body: "te", status: http.StatusAccepted},
		{name: "a part of nowhere", method: "PATCH", path: at, body: "st", headers: []string{"Content-Range", "2"}, status: http.StatusRequestedRangeNotSatisfiable, want: "2 bytes have come"},
		{name: "of a digest that is none", method: "PUT", path: at + "?digest=sha256:1", status: http.StatusBadRequest, want: `"code":"DIGEST_INVALID"`},
		{name: "of another algorithm", method: "PUT", path: at + "?digest=sha512:" + strings.Repeat("0", 128), status: http.StatusBadRequest, want: "want a digest of sha256"},
		{name: "of another content", method: "PUT", path: at + "?digest=" + testDigest, body: "xt", status: http.StatusBadRequest, want: "a blob has the digest sha256:"},
		{name: "after the end", method: "PUT", path: at + "?digest=" + testDigest, body: "st", status: http.StatusBadRequest, want: "a blob has the digest sha256:"},
		{name: "the whole with another digest", method: "POST", path: "/v2/app/blobs/uploads/?digest=" + noDigest, body: "test", status: http.StatusBadRequest, want: "DIGEST_INVALID"},
		{name: "the whole", method: "POST", path: "/v2/app/blobs/uploads/?digest=" + testDigest, body: "test", status: http.StatusCreated},
	} {
		status, text := g.send(step.method, step.path, strings.NewReader(step.body), step.headers...)
		if status != step.status || !strings.Contains(text, step.want) {
			t.Errorf("%s: got %d, %s, want %d, %s", step.name, status, text, step.status, step.want)
		}
	}
	if size, err := blobs.Stat(t.Context(), "", hash(t, testDigest)); err != nil || size != 4 {
		t.Errorf("got %d bytes, %v", size, err)
	}
	nothingOpen(t, blobs)
}
