//go:build linux

package order_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

type files map[string]string

func write(t testing.TB, dir string, contents files) string {
	t.Helper()
	for path, text := range contents {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func buildpackTOML(id, version string) string {
	return "api = \"0.10\"\n[buildpack]\nid = \"" + id + "\"\nversion = \"" + version + "\"\n"
}

// entry is an archive's entry: a link if to is set.
type entry struct{ name, content, to string }

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.to != "" {
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.to
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, content []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// packaged is the image of a buildpackage: its main buildpack is acme/main@1.0.0.
func packaged(t testing.TB, entries ...entry) v1.Image {
	t.Helper()
	content := archive(t, entries...)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err == nil {
		image, err = mutate.Config(image, v1.Config{Labels: map[string]string{"io.buildpacks.buildpackage.metadata": `{"id":"acme/main","version":"1.0.0"}`}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

var mainEntries = []entry{
	{name: "cnb/buildpacks/acme_main/1.0.0/buildpack.toml", content: buildpackTOML("acme/main", "1.0.0")},
	{name: "cnb/buildpacks/acme_part/2.0.0/buildpack.toml", content: buildpackTOML("acme/part", "2.0.0")},
}

// cnb writes a buildpackage's file. As in pack, its entries are absolute.
func cnb(t testing.TB, index v1.ImageIndex, more ...entry) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := layout.Write(dir, index); err != nil {
		t.Fatal(err)
	}
	var entries []entry
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := os.ReadFile(path)
			entries = append(entries, entry{name: path[len(dir):], content: string(text)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(archive(t, append(entries, more...)...))
}

func indexOf(image v1.Image, platforms ...*v1.Platform) v1.ImageIndex {
	index := v1.ImageIndex(empty.Index)
	for _, p := range platforms {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: p}})
	}
	return index
}

// newBuilder is a builder's root file system: two groups, one of them with two
// buildpacks.
func newBuilder(t testing.TB) string {
	return write(t, t.TempDir(), files{
		"cnb/order.toml": "[[order]]\n[[order.group]]\nid = \"own/a\"\nversion = \"1.0.0\"\n[[order.group]]\nid = \"own/b\"\nversion = \"1.0.0\"\noptional = true\n" +
			"[[order]]\n[[order.group]]\nid = \"own/b\"\nversion = \"2.0.0\"\n",
		"cnb/buildpacks/own_a/1.0.0/buildpack.toml": buildpackTOML("own/a", "1.0.0"),
		"cnb/buildpacks/own_b/1.0.0/buildpack.toml": buildpackTOML("own/b", "1.0.0"),
		"cnb/buildpacks/own_b/2.0.0/buildpack.toml": buildpackTOML("own/b", "2.0.0"),
	})
}
