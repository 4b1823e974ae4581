//go:build linux

package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/files/interrupt"
)

// Digest returns the digest, "sha256:…", of the files, folders and symbolic links
// in a folder, as platform.SourceDigest defines it.
func Digest(ctx context.Context, dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	d := &digester{ctx: ctx, root: root}
	if err := d.walk("."); err != nil {
		return "", err
	}
	if err := d.sum(); err != nil {
		return "", err
	}
	slices.SortFunc(d.entries, func(a, b *entry) int { return strings.Compare(a.path, b.path) })
	text := sha256.New()
	for _, e := range d.entries {
		fmt.Fprintf(text, "%c %04o %s %q\n", e.kind, e.mode, hex.EncodeToString(e.content[:]), e.path)
	}
	return "sha256:" + hex.EncodeToString(text.Sum(nil)), nil
}

// digester digests one folder.
type digester struct {
	ctx     context.Context
	root    *os.Root
	entries []*entry
}

// entry is a line of the digested text.
type entry struct {
	path    string
	kind    byte
	mode    fs.FileMode
	content [sha256.Size]byte
}

// walk lists a folder's content, with any file names.
func (d *digester) walk(dir string) error {
	opened, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	names, err := opened.Readdirnames(-1)
	opened.Close()
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := d.root.Lstat(path)
		if err != nil {
			return err
		}
		e := &entry{path: path, mode: info.Mode().Perm()}
		switch mode := info.Mode(); {
		case mode.IsRegular():
			e.kind = 'f'
		case mode.IsDir():
			e.kind, e.content = 'd', sha256.Sum256(nil)
			if err := d.walk(path); err != nil {
				return err
			}
		case mode&fs.ModeSymlink != 0:
			to, err := d.root.Readlink(path)
			if err != nil {
				return err
			}
			e.kind, e.mode, e.content = 'l', 0o777, sha256.Sum256([]byte(to))
		default:
			continue
		}
		d.entries = append(d.entries, e)
	}
	return d.ctx.Err()
}

// sum digests the files, several at once.
func (d *digester) sum() error {
	group, ctx := errgroup.WithContext(d.ctx)
	group.SetLimit(runtime.NumCPU())
	for _, e := range d.entries {
		if e.kind != 'f' {
			continue
		}
		group.Go(func() error {
			file, err := d.root.Open(e.path)
			if err != nil {
				return err
			}
			defer file.Close()
			sum := sha256.New()
			if _, err := io.Copy(sum, interrupt.Reader(ctx, file)); err != nil {
				return fmt.Errorf("reading %s: %w", e.path, err)
			}
			sum.Sum(e.content[:0])
			return nil
		})
	}
	return group.Wait()
}
