package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// tree is an image's flattened file system without the content of files. Hard
// links may come before their file and folders after their content, since the
// newest layer comes first.
type tree struct {
	folders  map[string]*tar.Header // by cleaned path, including implicit ones
	symlinks map[string]*tar.Header
	links    map[string]string // hard link to the path of the file
	names    map[string]int    // link count of every file with hard links
	bytes    int64             // of all files
}

// walk calls visit for each entry of the flattened image, with its cleaned name
// without a leading slash, and a reader of its content.
func walk(image v1.Image, visit func(name string, h *tar.Header, content io.Reader) error) error {
	flat := mutate.Extract(image)
	defer flat.Close()
	for r := tar.NewReader(flat); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("flattening the image: %w", err)
		}
		if name := clean(header.Name); name != "" {
			if err := visit(name, header, r); err != nil {
				return err
			}
		}
	}
}

// clean returns a path relative to the root, "" for the root; ".." does not
// leave it.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// readTree reads the image once.
func readTree(image v1.Image) (*tree, error) {
	t := &tree{
		folders: map[string]*tar.Header{}, symlinks: map[string]*tar.Header{},
		links: map[string]string{}, names: map[string]int{},
	}
	files := map[string]bool{}
	parents := map[string]bool{}
	err := walk(image, func(name string, h *tar.Header, _ io.Reader) error {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			parents[dir] = true
		}
		switch h.Typeflag {
		case tar.TypeDir:
			t.folders[name] = h
		case tar.TypeSymlink:
			t.symlinks[name] = h
		case tar.TypeLink:
			t.links[name] = clean(h.Linkname)
		case tar.TypeReg:
			files[name] = true
			t.bytes += h.Size
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for dir := range parents {
		if t.folders[dir] == nil && t.symlinks[dir] == nil {
			t.folders[dir] = &tar.Header{Mode: 0o755}
		}
	}
	return t, t.countNames(files)
}

// behindSymlink reports whether an ancestor of name is a symlink of the image,
// which must come first.
func (t *tree) behindSymlink(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if t.symlinks[dir] != nil {
			return true
		}
	}
	return false
}

// countNames finds the file behind every hard link.
func (t *tree) countNames(files map[string]bool) error {
	for _, link := range slices.Sorted(maps.Keys(t.links)) {
		file := t.links[link]
		for range len(t.links) { // a link to a link is one to its file
			next, ok := t.links[file]
			if !ok {
				break
			}
			file = next
		}
		if !files[file] {
			return fmt.Errorf("the image's hard link /%s is to /%s, which is not a file in its last state", link, t.links[link])
		}
		t.links[link] = file
		if t.names[file] == 0 {
			t.names[file] = 1
		}
		t.names[file]++
	}
	return nil
}
