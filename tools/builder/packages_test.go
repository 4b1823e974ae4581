package main

import (
	"archive/tar"
	"io"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/oci"
)

// runImage is an image with an id and files.
func runImage(t *testing.T, id string, files map[string]string) v1.Image {
	t.Helper()
	var all []oci.File
	for name, text := range files {
		all = append(all, oci.File{Path: name, Type: tar.TypeReg, Mode: 0o644, Content: []byte(text)})
	}
	layer, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), all)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err == nil {
		image, err = mutate.Config(image, v1.Config{Labels: map[string]string{idLabel: id}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestTheBuilderListsThePackagesOfRunImages(t *testing.T) {
	layer, err := packagesLayer(filepath.Join(t.TempDir(), "layer"), []v1.Image{
		runImage(t, "io.example.run", map[string]string{"var/lib/dpkg/status.d/libc6": "Package: libc6\nVersion: 1\n\n", "var/lib/dpkg/status.d/bash": "Package: bash\n", "etc/os-release": "x"}),
		runImage(t, "io.example.tiny", map[string]string{"var/lib/dpkg/status.d/libc6": "Package: libc6\nVersion: 1\n"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got := map[string]string{}
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			got[header.Name] = string(text)
		}
	}
	const dir = "usr/share/armature/run-images/"
	if len(got) != 2 || got[dir+"io.example.run"] != "Package: bash\n\nPackage: libc6\nVersion: 1\n\n" || got[dir+"io.example.tiny"] != "Package: libc6\nVersion: 1\n\n" {
		t.Errorf("got %q", got)
	}
}

func TestARunImageWithoutPackagesIsAnError(t *testing.T) {
	for _, row := range []struct{ id, file, says string }{
		{"io.example.run", "etc/os-release", "want one for each package"},
		{"", "var/lib/dpkg/status.d/libc6", "io.buildpacks.base.id"},
		{"../x", "var/lib/dpkg/status.d/libc6", "without slashes"},
	} {
		_, err := packagesLayer(filepath.Join(t.TempDir(), "layer"), []v1.Image{runImage(t, row.id, map[string]string{row.file: "x"})})
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %v, want %s", row.id, err, row.says)
		}
	}
}
