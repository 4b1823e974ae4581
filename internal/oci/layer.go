// Package oci writes image layers and OCI image layouts so that the same
// content always gives the same bytes.
package oci

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// ModTime is the modification time of every file in a layer and the creation
// time of every image: the lifecycle's value, too, the first second that a zip
// archive can distinguish from "no time".
var ModTime = time.Date(1980, time.January, 1, 0, 0, 1, 0, time.UTC)

// level is the compression level of layers, which are written once and fetched
// often: the next level takes nine times as long for 0.1 % less.
const level = 8

// File is one entry of a layer.
type File struct {
	Path     string // relative to the root, with slashes, without "./": "usr/bin/sh"
	Type     byte   // tar.TypeReg, TypeDir, TypeSymlink or TypeLink
	Mode     int64  // permission bits, with setuid 04000, setgid 02000, sticky 01000
	UID, GID int
	Link     string // a symlink's target, as written; for a hard link, the Path of its file
	Content  []byte // of a regular file
}

// WriteLayer writes files to path as a gzipped tar and returns it as a layer.
// The entries are sorted by path, with hard links last; times are [ModTime].
// The layer reads from path, which must exist as long as the layer is used.
func WriteLayer(path string, files []File) (_ v1.Layer, err error) {
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()

	compressed, uncompressed := &digester{w: out, hash: sha256.New()}, &digester{hash: sha256.New()}
	zip, err := gzip.NewWriterLevel(compressed, level)
	if err != nil {
		return nil, err
	}
	uncompressed.w = zip
	if err := writeTar(uncompressed, files); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return partial.CompressedToLayer(&fileLayer{
		path:   path,
		digest: compressed.digest(),
		diffID: uncompressed.digest(),
		size:   compressed.size,
	})
}

func writeTar(w io.Writer, files []File) error {
	tw := tar.NewWriter(w)
	for _, f := range slices.SortedFunc(slices.Values(files), order) {
		header := &tar.Header{
			Typeflag: f.Type,
			Name:     f.Path,
			Linkname: f.Link,
			Mode:     f.Mode,
			Uid:      f.UID,
			Gid:      f.GID,
			Size:     int64(len(f.Content)),
			ModTime:  ModTime,
		}
		if f.Type == tar.TypeDir {
			header.Name += "/"
		}
		if err := tw.WriteHeader(header); err != nil {
			return fmt.Errorf("writing %s into a layer: %w", f.Path, err)
		}
		if _, err := io.Copy(tw, bytes.NewReader(f.Content)); err != nil {
			return fmt.Errorf("writing %s into a layer: %w", f.Path, err)
		}
	}
	return tw.Close()
}

// order puts hard links after the files that they link to.
func order(a, b File) int {
	if aLink, bLink := a.Type == tar.TypeLink, b.Type == tar.TypeLink; aLink != bLink {
		if aLink {
			return 1
		}
		return -1
	}
	return strings.Compare(a.Path, b.Path)
}

// digester passes bytes on, counting and hashing them.
type digester struct {
	w    io.Writer
	hash hash.Hash
	size int64
}

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.hash.Write(p[:n])
	d.size += int64(n)
	return n, err
}

func (d *digester) digest() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(d.hash.Sum(nil))}
}

// fileLayer is a compressed layer in a file, with known digests.
type fileLayer struct {
	path           string
	digest, diffID v1.Hash
	size           int64 // compressed, in bytes
}

func (l *fileLayer) Digest() (v1.Hash, error)            { return l.digest, nil }
func (l *fileLayer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l *fileLayer) Size() (int64, error)                { return l.size, nil }
func (l *fileLayer) Compressed() (io.ReadCloser, error)  { return os.Open(l.path) }
func (l *fileLayer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
