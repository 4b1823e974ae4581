package oci_test

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/internal/oci"
)

var files = []oci.File{
	{Path: "a", Type: tar.TypeLink, Link: "usr/bin/x"},
	{Path: "usr/bin/x", Type: tar.TypeReg, Mode: 0o755, Content: []byte("x")},
	{Path: "usr/bin", Type: tar.TypeDir, Mode: 0o755},
	{Path: "usr", Type: tar.TypeDir, Mode: 0o755},
	{Path: "tmp", Type: tar.TypeDir, Mode: 0o1777, UID: 1001, GID: 1000},
}

func TestLayerDoesNotDependOnTheOrderOfFiles(t *testing.T) {
	reversed := slices.Clone(files)
	slices.Reverse(reversed)
	if first, second := digest(t, write(t, files)), digest(t, write(t, reversed)); first != second {
		t.Errorf("got %s, then %s", first, second)
	}
}

func TestLayerHoldsTheFilesSortedHardLinksLast(t *testing.T) {
	content, err := write(t, files).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var names []string
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if !header.ModTime.Equal(oci.ModTime) {
			t.Errorf("%s: modified %s, want %s", header.Name, header.ModTime, oci.ModTime)
		}
		if header.Name == "tmp/" && (header.Mode != 0o1777 || header.Uid != 1001 || header.Gid != 1000) {
			t.Errorf("tmp: got %d:%d, mode %o", header.Uid, header.Gid, header.Mode)
		}
	}
	if want := []string{"tmp/", "usr/", "usr/bin/", "usr/bin/x", "a"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestLayoutIsReplacedAsAWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	for _, img := range []v1.Image{empty.Image, image(t)} {
		if err := oci.WriteLayout(dir, img); err != nil {
			t.Fatal(err)
		}
	}
	got, err := oci.ReadLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(got); err != nil {
		t.Error(err)
	}
	gotDigest, _ := got.Digest()
	if want, _ := image(t).Digest(); gotDigest != want {
		t.Errorf("got %s, want %s", gotDigest, want)
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("got %v, want the layout only", list)
	}
}

func TestAnImageThatCannotBeReadLeavesTheLayoutAsItWas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	if err := oci.WriteLayout(dir, empty.Image); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "layer")
	layer, err := oci.WriteLayer(path, files)
	if err != nil {
		t.Fatal(err)
	}
	broken, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := oci.WriteLayout(dir, broken); err == nil {
		t.Error("got no error")
	}
	got, err := oci.ReadLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	gotDigest, _ := got.Digest()
	if want, _ := empty.Image.Digest(); gotDigest != want {
		t.Errorf("got %s, want %s", gotDigest, want)
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("got %v, want the layout only", list)
	}
}

func TestReadLayoutSaysWhichFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	_, err := oci.ReadLayout(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that %s does not exist", err, dir)
	}
}

func write(t *testing.T, files []oci.File) v1.Layer {
	t.Helper()
	layer, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), files)
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

func digest(t *testing.T, layer v1.Layer) v1.Hash {
	t.Helper()
	d, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func image(t *testing.T) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return img
}
