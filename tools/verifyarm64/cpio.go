package main

import (
	"fmt"
	"io"
	"math"
)

// Entry types of a cpio archive, the upper bits of its mode field (stat(2)).
const (
	typeFIFO    = 0o010000
	typeChar    = 0o020000
	typeDir     = 0o040000
	typeBlock   = 0o060000
	typeRegular = 0o100000
	typeSymlink = 0o120000
)

// entry is one header of a cpio archive.
type entry struct {
	path         string // relative to the root, no "./" before
	inode, links int    // hard links share an inode
	kind, mode   int64  // type and permission bits, with setuid, setgid, sticky
	uid, gid     int
	modTime      int64 // seconds since 1970, 0 for before
	size         int64 // of the content that follows, in bytes
	major, minor int64 // of a device
}

// cpioWriter writes the "newc" format that the kernel unpacks as an initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type cpioWriter struct {
	w       io.Writer
	written int64
}

// add writes an entry with exactly e.size bytes from content, which may be nil
// for 0.
func (c *cpioWriter) add(e entry, content io.Reader) error {
	if e.size > math.MaxUint32 {
		return fmt.Errorf("%s has %d bytes: an initramfs holds files of up to %d", e.path, e.size, uint32(math.MaxUint32))
	}
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		e.inode, e.kind|e.mode, e.uid, e.gid, e.links, max(0, e.modTime), e.size,
		0, 0, e.major, e.minor, len(e.path)+1, 0, e.path)
	if err := c.write([]byte(header)); err != nil {
		return err
	}
	if err := c.pad(); err != nil {
		return err
	}
	if e.size > 0 {
		n, err := io.CopyN(c.w, content, e.size)
		c.written += n
		if err != nil {
			return fmt.Errorf("writing %s into the initramfs: got %d of %d bytes: %w", e.path, n, e.size, err)
		}
	}
	return c.pad()
}

// close writes the end of the archive.
func (c *cpioWriter) close() error { return c.add(entry{path: "TRAILER!!!", links: 1}, nil) }

// pad pads to a multiple of four bytes.
func (c *cpioWriter) pad() error { return c.write(make([]byte, -c.written&3)) }

func (c *cpioWriter) write(b []byte) error {
	n, err := c.w.Write(b)
	c.written += int64(n)
	return err
}
