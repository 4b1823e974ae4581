//go:build linux

// Package rootfs unpacks container images into folders.
package rootfs

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/interrupt"
)

// Options are options for unpacking.
type Options struct {
	// Owners keeps the image's users and groups, which needs root; otherwise all
	// files belong to the current user.
	Owners bool

	// Folders and Files are mount points: they are made, empty, if the image
	// lacks them.
	Folders, Files []string
}

// Unpack writes the file system of an image into the empty folder dir. It writes
// nothing outside of dir, whatever the image's names and links are. It leaves out
// devices, pipes and sockets, and setuid and setgid bits. A layer that does not
// match the image's configuration is an error.
func Unpack(ctx context.Context, dir string, image v1.Image, options Options) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	if err := checkConfig(image); err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if got, want := len(layers), len(config.RootFS.DiffIDs); got != want {
		return fmt.Errorf("the image has %d layers, its configuration says %d", got, want)
	}
	u := newUnpacker(ctx, root, options)
	defer u.cursor.close()
	if u.room.most, err = mostBytes(layers); err != nil {
		return err
	}
	pieces := pieces()
	for i, layer := range layers {
		if err := u.verified(layer, pieces, config.RootFS.DiffIDs[i]); err != nil {
			return fmt.Errorf("unpacking layer %d of %d: %w", i+1, len(layers), err)
		}
	}
	if err := u.mountPoints(); err != nil {
		return err
	}
	return u.close()
}

// checkConfig compares an image's configuration with the digest in its manifest,
// which a layout's folder does not guarantee: otherwise the unpacked files could
// be stored under another image's digest.
func checkConfig(image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	text, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	got, _, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if want := manifest.Config.Digest; got != want {
		return fmt.Errorf("the image's configuration is %s, its manifest says %s", got, want)
	}
	return nil
}

// UnpackArchive unpacks a tar archive into the folder dir as [Unpack] does a
// layer: nothing outside, and no devices.
func UnpackArchive(ctx context.Context, dir string, archive io.Reader) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	u := newUnpacker(ctx, root, Options{})
	u.room.most = alwaysAllowed
	defer u.cursor.close()
	if err := u.entries(tar.NewReader(archive)); err != nil {
		return err
	}
	return u.close()
}

func newUnpacker(ctx context.Context, root *os.Root, options Options) *unpacker {
	return &unpacker{ctx: ctx, root: root, options: options, cursor: cursor{root: root}, modes: map[string]fs.FileMode{}, copied: make([]byte, 1<<18)}
}

// unpacker unpacks one image.
type unpacker struct {
	ctx     context.Context
	root    *os.Root
	options Options
	cursor  cursor
	modes   map[string]fs.FileMode // of folders, set at the end
	layer   map[string]bool        // made by the current layer, so that its whiteouts keep it
	copied  []byte                 // buffer
	room    room
}

// verified unpacks a layer and verifies its digest.
func (u *unpacker) verified(layer v1.Layer, pieces [][]byte, want v1.Hash) error {
	content, err := inflated(layer, pieces)
	if err != nil {
		return err
	}
	defer content.Close()
	sum, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return err
	}
	read := io.TeeReader(bufio.NewReaderSize(interrupt.Reader(u.ctx, content), 1<<20), sum)
	if err := u.entries(tar.NewReader(read)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, read); err != nil { // the rest after the archive's end
		return err
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != want.Hex {
		return fmt.Errorf("its content is %s:%s, want %s", want.Algorithm, got, want)
	}
	return nil
}

// close sets the modes of folders, innermost first: without permission for a
// folder, its content could not be changed.
func (u *unpacker) close() error {
	names := slices.Sorted(maps.Keys(u.modes))
	for _, name := range slices.Backward(names) { // a folder's name sorts before those in it
		if err := u.root.Chmod(name, u.modes[name]); err != nil {
			return err
		}
	}
	return nil
}
