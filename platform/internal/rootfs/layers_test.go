//go:build linux

package rootfs_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// entry is a layer's entry: a folder if the name ends with /, a symbolic link if
// to is set, a hard link if that begins with =.
type entry struct{ name, content, to string }

func layer(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		switch {
		case strings.HasSuffix(e.name, "/"):
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		case strings.HasPrefix(e.to, "="):
			header.Typeflag, header.Linkname = tar.TypeLink, e.to[1:]
		case e.to != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.to
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func image(t testing.TB, layers ...[]byte) v1.Image {
	t.Helper()
	img := empty.Image
	for _, content := range layers {
		l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, l); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// unpack returns the folder; its sibling must not change.
func unpack(t testing.TB, options rootfs.Options, layers ...[]byte) (string, error) {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "root")
	for path, content := range map[string]string{"outside/file": "untouched", "root/.keep": ""} {
		os.MkdirAll(filepath.Dir(filepath.Join(base, path)), 0o755)
		os.WriteFile(filepath.Join(base, path), []byte(content), 0o644)
	}
	os.Remove(filepath.Join(dir, ".keep"))
	err := rootfs.Unpack(t.Context(), dir, image(t, layers...), options)
	if got, readErr := os.ReadFile(filepath.Join(base, "outside/file")); string(got) != "untouched" {
		t.Errorf("a file outside has become %q, %v", got, readErr)
	}
	if list, _ := os.ReadDir(base); len(list) != 2 {
		t.Errorf("outside there is now %v", list)
	}
	return dir, err
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
