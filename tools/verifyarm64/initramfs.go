package main

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

// initramfs writes an image's file system, the program at initPath and the task
// for it to the file at out, and returns the size of the image's files in
// bytes. The same input gives the same bytes. The format has no extended
// attributes.
func initramfs(image v1.Image, initPath string, task guest.Task, out string) (imageBytes int64, err error) {
	t, err := readTree(image)
	if err != nil {
		return 0, err
	}
	file, err := os.Create(out)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	buffered := bufio.NewWriterSize(file, 1<<20)
	b := &builder{tree: t, cpio: &cpioWriter{w: buffered}, inodes: map[string]int{}}
	for _, step := range []func() error{
		func() error { return b.writeFolders(false) },
		b.writeSymlinks,
		func() error { return b.writeFolders(true) },
		func() error { return walk(image, b.writeFile) },
		func() error { return b.writeOwn(initPath, task) },
		b.cpio.close,
		buffered.Flush,
	} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return t.bytes, nil
}

// builder writes a tree in the kernel's order: a folder must come before its
// content.
type builder struct {
	tree   *tree
	cpio   *cpioWriter
	inodes map[string]int // of hard-linked files
	last   int            // the last inode
}

func (b *builder) inode() int { b.last++; return b.last }

func (b *builder) entry(name string, kind int64, h *tar.Header) entry {
	e := entry{
		path: name, inode: b.inode(), links: 1, kind: kind, mode: h.Mode & 0o7777,
		uid: h.Uid, gid: h.Gid, major: h.Devmajor, minor: h.Devminor,
	}
	if !h.ModTime.IsZero() {
		e.modTime = h.ModTime.Unix()
	}
	return e
}

func (b *builder) writeFolders(behindSymlinks bool) error {
	for _, name := range slices.Sorted(maps.Keys(b.tree.folders)) {
		if b.tree.behindSymlink(name) != behindSymlinks {
			continue
		}
		if err := b.cpio.add(b.entry(name, typeDir, b.tree.folders[name]), nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) writeSymlinks() error {
	for _, name := range slices.Sorted(maps.Keys(b.tree.symlinks)) {
		header := b.tree.symlinks[name]
		e := b.entry(name, typeSymlink, header)
		e.mode, e.size = 0o777, int64(len(header.Linkname))
		if err := b.cpio.add(e, strings.NewReader(header.Linkname)); err != nil {
			return err
		}
	}
	return nil
}

// special has the types of entries without content and links.
var special = map[byte]int64{tar.TypeChar: typeChar, tar.TypeBlock: typeBlock, tar.TypeFifo: typeFIFO}

// writeFile writes an entry that is neither folder nor symlink. Only the file's
// own entry has the content; the kernel adds hard links to it in any order.
func (b *builder) writeFile(name string, h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeReg:
		e := b.entry(name, typeRegular, h)
		e.size = h.Size
		b.share(&e, name)
		return b.cpio.add(e, content)
	case tar.TypeLink:
		e := b.entry(name, typeRegular, h)
		b.share(&e, b.tree.links[name])
		return b.cpio.add(e, nil)
	case tar.TypeDir, tar.TypeSymlink:
		return nil
	}
	kind, ok := special[h.Typeflag]
	if !ok {
		return fmt.Errorf("the image's /%s is of tar type %q, which no file system has", name, h.Typeflag)
	}
	return b.cpio.add(b.entry(name, kind, h), nil)
}

// share gives a hard link's entry the inode of its file.
func (b *builder) share(e *entry, file string) {
	names := b.tree.names[file]
	if names == 0 {
		return
	}
	if b.inodes[file] == 0 {
		b.inodes[file] = e.inode
	}
	e.inode, e.links = b.inodes[file], names
}

// writeOwn adds the first process, its task, and the device of the kernel's
// console.
func (b *builder) writeOwn(initPath string, task guest.Task) error {
	program, err := os.ReadFile(initPath)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(task)
	if err != nil {
		return err
	}
	for _, own := range []struct {
		e       entry
		content string
	}{
		{entry{path: guest.Dir, kind: typeDir, mode: 0o700}, ""},
		{entry{path: guest.InitPath, kind: typeRegular, mode: 0o700}, string(program)},
		{entry{path: guest.TaskPath, kind: typeRegular, mode: 0o600}, string(raw)},
		{entry{path: "dev", kind: typeDir, mode: 0o755}, ""},
		{entry{path: filepath.Join("dev", "console"), kind: typeChar, mode: 0o600, major: 5, minor: 1}, ""},
	} {
		own.e.inode, own.e.links, own.e.size = b.inode(), 1, int64(len(own.content))
		if err := b.cpio.add(own.e, strings.NewReader(own.content)); err != nil {
			return err
		}
	}
	return nil
}
