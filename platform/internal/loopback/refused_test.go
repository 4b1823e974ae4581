//go:build linux

package loopback_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// faulty is an image with one unreadable part.
type faulty struct {
	v1.Image
	part string
}

var errFaulty = errors.New("this part cannot be read")

func part[T any](f faulty, name string, read func() (T, error)) (T, error) {
	if f.part == name {
		return *new(T), errFaulty
	}
	return read()
}

func (f faulty) Manifest() (*v1.Manifest, error) { return part(f, "manifest", f.Image.Manifest) }
func (f faulty) RawManifest() ([]byte, error)    { return part(f, "raw manifest", f.Image.RawManifest) }
func (f faulty) ConfigFile() (*v1.ConfigFile, error) {
	return part(f, "configuration", f.Image.ConfigFile)
}
func (f faulty) RawConfigFile() ([]byte, error) {
	return part(f, "raw configuration", f.Image.RawConfigFile)
}

func every(v1.Descriptor) bool { return true }

func same(config []byte) ([]byte, error) { return config, nil }

func TestAnImageThatCannotBeReadIsAnError(t *testing.T) {
	image, blobs := stored(t)
	to := openBlobs(t, t.TempDir())
	for _, tc := range []struct {
		name  string
		do    func(image v1.Image) ([]byte, error)
		parts []string
	}{
		{"store", func(image v1.Image) ([]byte, error) { return to.Store(image, blobs) }, []string{"manifest", "raw manifest", "raw configuration"}},
		{"reconfigure", func(image v1.Image) ([]byte, error) { return blobs.Reconfigured(image, same) }, []string{"manifest", "raw manifest", "raw configuration"}},
		{"make smaller", func(image v1.Image) ([]byte, error) {
			return blobs.Smaller(t.Context(), image, func(v1.Descriptor) bool { return false })
		}, []string{"manifest", "raw manifest", "configuration"}},
	} {
		for _, part := range tc.parts {
			if raw, err := tc.do(faulty{image, part}); !errors.Is(err, errFaulty) || len(raw) > 0 {
				t.Errorf("%s, without the %s: got %s, %v", tc.name, part, raw, err)
			}
		}
	}
	if blobs.Whole(faulty{image, "manifest"}) || !blobs.Whole(faulty{image, ""}) {
		t.Error("what cannot be read is whole")
	}
	if _, err := goneBlobs(t).Reconfigured(image, same); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a folder that is gone: got %v", err)
	}
	for _, do := range []func(repository string) error{
		func(repository string) error { r, _ := serve(t); return r.Put(t.Context(), repository, image) },
		func(repository string) error { r, _ := serve(t); return r.PutManifest(t.Context(), repository, image) },
		func(repository string) error { r, _ := serve(t); _, err := r.Get(t.Context(), repository); return err },
	} {
		if err := do("No Name"); err == nil {
			t.Error("a repository that cannot be: got no error")
		}
	}
}

// otherConfig is an image whose configuration differs from its manifest's.
type otherConfig struct{ v1.Image }

func (otherConfig) RawConfigFile() ([]byte, error) { return []byte("{}"), nil }

func TestAConfigurationOfAnotherDigestIsNotStored(t *testing.T) {
	image, blobs := stored(t)
	if _, err := openBlobs(t, t.TempDir()).Store(otherConfig{image}, blobs); err == nil || !strings.Contains(err.Error(), "a blob has the digest") {
		t.Errorf("got %v", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0].Algorithm = "md5"
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), image, every); err == nil || !strings.Contains(err.Error(), "md5") {
		t.Errorf("of an algorithm that is none: got %v", err)
	}
}

// A folder has a blob's name.
func TestAFolderInPlaceOfABlobIsAnError(t *testing.T) {
	r, blobs := serve(t)
	path := blobs.Path(hash(t, testDigest))
	if err := os.MkdirAll(filepath.Join(path, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := openBlobs(t, t.TempDir()).Take(blobs); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("take: got %v", err)
	}
	if err := blobs.Keep(); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("keep: got %v", err)
	}
	if status, text := asGuest(t, r).send("PUT", "/v2/app/blobs/uploads/1?digest="+testDigest, strings.NewReader("test")); status != http.StatusInternalServerError || !strings.Contains(text, "rename") {
		t.Errorf("put: got %d, %s", status, text)
	}
	nothingOpen(t, blobs)
}

// The content may be sent again when the folder exists.
func TestAnUploadWithoutAFolderIsAnError(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	dir := filepath.Dir(blobs.Path(hash(t, testDigest)))
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"PATCH", "PUT"} {
		if status, text := g.send(method, "/v2/app/blobs/uploads/1?digest="+testDigest, strings.NewReader("test")); status != http.StatusInternalServerError || !strings.Contains(text, "no such file") {
			t.Errorf("%s: got %d, %s", method, status, text)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if status, text := g.send("PUT", "/v2/app/blobs/uploads/1?digest="+testDigest, strings.NewReader("test")); status != http.StatusCreated {
		t.Errorf("afterwards: got %d, %s", status, text)
	}
}

// There may be no space for the last bytes of a layer.
func TestAFullDiskKeepsALayerAsItIs(t *testing.T) {
	dir := otherFileSystem(t)
	if dir == "" {
		t.Skip("this test mounts a file system, which takes root")
	}
	r, from := serve(t)
	image := textImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	blobs := openBlobs(t, dir)
	if _, err := blobs.Store(image, from); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "full"), make([]byte, 2<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: got %v", err)
	}
	if _, err := blobs.Smaller(t.Context(), image, every); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if !blobs.Whole(image) {
		t.Error("the image is not whole any more")
	}
	nothingOpen(t, blobs)
}

// answer returns the response to a request, with its headers.
func (g guest) answer(method, path, body string) *http.Response {
	g.t.Helper()
	request, err := http.NewRequest(method, "http://"+g.address+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", g.header)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		g.t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// Distribution spec, "Pushing a blob in chunks".
func TestAnUploadSaysWhereItIs(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	const at = "/v2/app/blobs/uploads/1"
	for _, step := range []struct{ body, want string }{{"", "0-0"}, {"te", "0-1"}} {
		if got := g.answer("PATCH", at, step.body).Header; got.Get("Location") != at || got.Get("Range") != step.want {
			t.Errorf("%q: got %v, want the range %s", step.body, got, step.want)
		}
	}
	if got := g.answer("PUT", at+"?digest="+testDigest, "st").Header.Get("Docker-Content-Digest"); got != testDigest {
		t.Errorf("got %s", got)
	}
	if !g.answer("PUT", at+"?digest=sha256:1", "").Close {
		t.Error("after a refusal the connection goes on")
	}
}

func TestTransfersAreToldByWhatWasAskedAndSent(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	other := hash(t, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") // of "abc"
	if err := os.WriteFile(blobs.Path(other), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	ask := "/v2/app/blobs/" + other.String()
	for _, step := range []struct{ method, path, body string }{
		{"HEAD", ask, ""}, {"GET", ask, ""}, {"HEAD", "/v2/app/blobs/" + noDigest, ""},
		{"PUT", "/v2/app/manifests/latest", "{}"}, {"HEAD", "/v2/app/manifests/latest", ""},
		{"PATCH", "/v2/app/blobs/uploads/1", "te"}, {"PATCH", "/v2/app/blobs/uploads/1", ""},
		{"PUT", "/v2/app/blobs/uploads/2?digest=" + noDigest, "x"},
	} {
		g.send(step.method, step.path, strings.NewReader(step.body))
	}
	first := r.Transfers()
	if len(first) != 1 || first[0].Digest != other || !first[0].Reused || first[0].Bytes != 0 {
		t.Fatalf("got %v, want that %s was there", first, other)
	}
	g.send("PATCH", "/v2/app/blobs/uploads/3", strings.NewReader("te"))
	g.send("PUT", "/v2/app/blobs/uploads/3?digest="+testDigest, strings.NewReader("st"))
	g.send("HEAD", "/v2/app/blobs/"+testDigest, nil) // it exists because it was sent
	g.send("HEAD", ask, nil)
	got := r.Transfers()
	if len(got) != 2 || got[0].Digest != hash(t, testDigest) || got[0].Reused || got[0].Bytes != 4 {
		t.Fatalf("got %v, want %s first", got, testDigest)
	}
	if again := got[1]; again.Digest != other || !again.Begin.After(first[0].Begin) || again.End.Before(again.Begin) {
		t.Errorf("got %v, want that it was asked for last", again)
	}
	g.send("PATCH", "/v2/app/blobs/uploads/3", strings.NewReader("ab")) // a reused name
	g.send("PUT", "/v2/app/blobs/uploads/3?digest="+other.String(), strings.NewReader("c"))
	if got := r.Transfers(); len(got) != 2 || got[1].Digest != other || got[1].Reused || got[1].Bytes != 3 {
		t.Errorf("got %v, want that %s was sent now", got, other)
	}
}

func TestTheLastByteThatFitsIsTaken(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=65m"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := loopback.Serve(listener, openBlobs(t, dir))
	defer r.Close()
	g := asGuest(t, r)
	fits := int64(disk.Bavail)*disk.Bsize - 64<<20
	if status, text := g.send("PATCH", "/v2/app/blobs/uploads/1", io.LimitReader(zeros{}, fits)); status != http.StatusAccepted {
		t.Errorf("%d bytes: got %d, %s", fits, status, text)
	}
	if status, text := g.send("PATCH", "/v2/app/blobs/uploads/2", strings.NewReader("x")); status != http.StatusInsufficientStorage {
		t.Errorf("a byte more: got %d, %s", status, text)
	}
}
