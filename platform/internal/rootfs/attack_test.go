//go:build linux

package rootfs_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// A layout with the manifest of a good builder would store other content under
// that builder's digest in the cache.
func TestAConfigurationThatIsNotTheManifestsIsAnError(t *testing.T) {
	good, evil := image(t, layer(t, entry{name: "a", content: "good"})), image(t, layer(t, entry{name: "a", content: "evil"}))
	dir := t.TempDir()
	if _, err := layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: good})); err != nil {
		t.Fatal(err)
	}
	manifest, err := good.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	blob := func(digest v1.Hash) string { return filepath.Join(dir, "blobs", digest.Algorithm, digest.Hex) }
	config, err := evil.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := evil.Layers()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{blob(manifest.Config.Digest): config, blob(manifest.Layers[0].Digest): text} {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := good.Digest()
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := index.Image(digest)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	err = rootfs.Unpack(t.Context(), to, mixed, rootfs.Options{})
	if err == nil || !strings.Contains(err.Error(), "its manifest says "+manifest.Config.Digest.String()) {
		t.Errorf("got %v", err)
	}
	if list, _ := os.ReadDir(to); len(list) != 0 {
		t.Errorf("unpacked all the same: %v", list)
	}
}

func TestPathsThatNobodyCanOpenAreAnError(t *testing.T) {
	begin := time.Now()
	if _, err := unpack(t, rootfs.Options{}, layer(t, entry{name: strings.Repeat("a/", 200_000) + "b", content: "x"})); err == nil || !strings.Contains(err.Error(), "want at most 4096") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// The longest path that a program can open takes no longer than its length says,
// also through symbolic links.
func TestDeeplyNestedFoldersTakeNoLongerThanTheirNumber(t *testing.T) {
	deep := strings.TrimSuffix(strings.Repeat("a/", 1900), "/")
	begin := time.Now()
	dir, err := unpack(t, rootfs.Options{}, layer(t, entry{name: deep + "/b", content: "x"}, entry{name: "link", to: deep}, entry{name: "link/d/e", content: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{deep + "/b", deep + "/d/e"} {
		if info, err := root.Stat(name); err != nil || !info.Mode().IsRegular() {
			t.Errorf("…%s: got %v, %v", name[len(name)-4:], info, err)
		}
	}
}

func TestRemarksOnTheArchiveAreNoFiles(t *testing.T) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, header := range []*tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "x"}},
		{Typeflag: tar.TypeReg, Name: "a", Mode: 0o644},
	} {
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	archive.Close()
	dir, err := unpack(t, rootfs.Options{}, out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 || list[0].Name() != "a" {
		t.Errorf("got %v", list)
	}
}

// sparse returns an archive of 2 kB with a file of size bytes, all of them holes
// (GNU tar manual, "PAX Format, Version 1.0").
func sparse(t testing.TB, size string) []byte {
	t.Helper()
	extra := "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
	for _, record := range []string{"GNU.sparse.name=holes", "GNU.sparse.realsize=" + size} {
		length := len(record) + 4 // two digits, a space and the line's end
		extra += string(rune('0'+length/10)) + string(rune('0'+length%10)) + " " + record + "\n"
	}
	var raw bytes.Buffer
	block := func(name string, typeflag byte, content string) {
		one := tar.NewWriter(&raw)
		if err := one.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		header := raw.Bytes()[raw.Len()-512:]
		header[156] = typeflag
		sum := 0
		copy(header[148:156], "        ")
		for _, b := range header {
			sum += int(b)
		}
		copy(header[148:156], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
		raw.WriteString(content)
		raw.Write(make([]byte, (512-len(content)%512)%512))
	}
	block("PaxHeaders/holes", 'x', extra)
	block("GNUSparseFile/holes", '0', "1\n"+size+"\n0\n"+strings.Repeat("\x00", 512-len("1\n"+size+"\n0\n")))
	raw.Write(make([]byte, 1024))
	return raw.Bytes()
}

// small is a disk of some megabytes, so that a failing test fills no other.
func small(t *testing.T, megabytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+megabytes+"m"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFileThatDoesNotFitIsNotBegun(t *testing.T) {
	begin := time.Now()
	dir := small(t, "4")
	err := rootfs.Unpack(t.Context(), dir, image(t, sparse(t, "1000000000000000")), rootfs.Options{})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "bytes are free, want 1000000000000000 for it: ") {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "holes")); err != nil || info.Size() != 0 {
		t.Errorf("got %v, %v, want a file that was not begun", info, err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// Many small files fill a disk as well.
func TestFilesThatDoNotFitTogetherAreNotAllBegun(t *testing.T) {
	dir := small(t, "60")
	var layers [][]byte
	for i := range 6 {
		layers = append(layers, layer(t, entry{name: "file" + string(rune('0'+i)), content: strings.Repeat("x", 16<<20)}))
	}
	err := rootfs.Unpack(t.Context(), dir, image(t, layers...), rootfs.Options{})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "file3: ") || !strings.Contains(err.Error(), "bytes are free, want 67108864 for it and the files after it: ") {
		t.Errorf("got %v, want that it was asked, and no size that the file does not have", err)
	}
}

// The rest after an archive's end is read for the digest, and may be endless.
func TestCancellingEndsReadingWhatNeverEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	end := make([]byte, 1024)
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(end)), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, endless{l})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- rootfs.Unpack(ctx, t.TempDir(), img, rootfs.Options{}) }()
	select {
	case err := <-done:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it still reads")
	}
}

type endless struct{ v1.Layer }

func (endless) Compressed() (io.ReadCloser, error) {
	read, write := io.Pipe()
	go func() {
		zip := gzip.NewWriter(write)
		_, err := io.Copy(zip, zeros{})
		write.CloseWithError(err)
	}()
	return read, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
