package main_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

// compile builds the program in testdata/server for a target, statically.
func compile(t *testing.T, tg targets.Target) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "server")
	testprogram.Build(t, "./testdata/server", tg.OS, tg.Arch, out)
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// image is an image of layers for a platform, oldest layer first, with the
// config of an app image.
func image(t *testing.T, tg targets.Target, config v1.Config, layers ...[]oci.File) v1.Image {
	t.Helper()
	img := v1.Image(empty.Image)
	for _, files := range layers {
		file, err := os.CreateTemp(t.TempDir(), "layer-*")
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		layer, err := oci.WriteLayer(file.Name(), files)
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			t.Fatal(err)
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = tg.OS, tg.Arch, config
	if img, err = mutate.ConfigFile(img, file); err != nil {
		t.Fatal(err)
	}
	return img
}

// appImage is shaped like the lifecycle's: the process is a symlink to the
// launcher, which here is the server itself. The program other lies at /other;
// what lies in /probe is of both layers.
func appImage(t *testing.T, tg targets.Target, launcher, other []byte, args ...string) v1.Image {
	t.Helper()
	config := v1.Config{
		Entrypoint: []string{"/cnb/process/web"}, Cmd: args,
		Env: []string{"GREETING=grüße you"}, WorkingDir: "/workspace", User: "1001:1000",
	}
	return image(t, tg, config,
		[]oci.File{
			{Path: "etc/passwd", Type: tar.TypeReg, Mode: 0o644, Content: []byte("root:x:0:0::/root:/bin/sh\ncnb:x:1001:1000::/home/cnb:/bin/sh\n")},
			{Path: "etc/group", Type: tar.TypeReg, Mode: 0o644, Content: []byte("root:x:0:\ncnb:x:1000:\n")},
			{Path: "probe/original", Type: tar.TypeReg, Mode: 0o640, UID: 1001, GID: 1000, Content: []byte("content")},
			{Path: "probe/symlink", Type: tar.TypeSymlink, Mode: 0o777, Link: "original"},
			{Path: "probe/gone", Type: tar.TypeReg, Mode: 0o644, Content: []byte("gone")},
			{Path: "probe/setuid", Type: tar.TypeReg, Mode: 0o644, Content: []byte("older")},
		},
		[]oci.File{
			{Path: "cnb/lifecycle/launcher", Type: tar.TypeReg, Mode: 0o755, Content: launcher},
			{Path: "cnb/process/web", Type: tar.TypeSymlink, Link: "/cnb/lifecycle/launcher", Mode: 0o777},
			{Path: "other", Type: tar.TypeReg, Mode: 0o755, Content: other},
			{Path: "probe/.wh.gone", Type: tar.TypeReg},
			{Path: "probe/empty", Type: tar.TypeReg, Mode: 0o644},
			{Path: "probe/folder", Type: tar.TypeDir, Mode: 0o1770, UID: 1001, GID: 1000},
			{Path: "probe/link", Type: tar.TypeLink, Mode: 0o640, UID: 1001, GID: 1000, Link: "probe/original"},
			{Path: "probe/setuid", Type: tar.TypeReg, Mode: 0o4755, UID: 7, GID: 8, Content: []byte("newer")},
			{Path: "workspace", Type: tar.TypeDir, Mode: 0o755, UID: 1001, GID: 1000},
		})
}

// layout writes an image as an OCI layout and returns its folder.
func layout(t *testing.T, img v1.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	if err := oci.WriteLayout(dir, img); err != nil {
		t.Fatal(err)
	}
	return dir
}
