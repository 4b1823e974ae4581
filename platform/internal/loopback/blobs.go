//go:build linux

package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Blobs is a folder of files named by their digest. They outlive the registry, so
// that the next build of an image finds its layers.
type Blobs struct{ dir string }

// partPrefix begins the names of incomplete blobs.
const partPrefix = ".part-"

// OpenBlobs makes the folder if it does not exist.
func OpenBlobs(dir string) (*Blobs, error) {
	return &Blobs{dir: dir}, os.MkdirAll(dir, 0o755)
}

// Path returns the path of a digest's blob, which may not exist.
func (b *Blobs) Path(digest v1.Hash) string {
	return filepath.Join(b.dir, digest.Algorithm+"-"+digest.Hex)
}

// Stat returns the size of a blob (registry.BlobStatHandler).
func (b *Blobs) Stat(_ context.Context, _ string, digest v1.Hash) (int64, error) {
	info, err := os.Stat(b.Path(digest))
	if errors.Is(err, os.ErrNotExist) {
		return 0, registry.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Get opens a blob (registry.BlobHandler).
func (b *Blobs) Get(_ context.Context, _ string, digest v1.Hash) (io.ReadCloser, error) {
	file, err := os.Open(b.Path(digest))
	if errors.Is(err, os.ErrNotExist) {
		return nil, registry.ErrNotFound
	}
	return file, err
}

// Put stores a blob if its content has the digest (registry.BlobPutHandler).
func (b *Blobs) Put(_ context.Context, _ string, digest v1.Hash, content io.ReadCloser) error {
	defer content.Close()
	file, err := os.CreateTemp(b.dir, partPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	sum, err := v1.Hasher(digest.Algorithm)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.MultiWriter(file, sum), content); err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != digest.Hex {
		return fmt.Errorf("a blob has the digest %s:%s, want %s", digest.Algorithm, got, digest)
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), b.Path(digest))
}

// Take adds the blobs of another folder: as hard links, or as copies if the file
// system has no links.
func (b *Blobs) Take(from *Blobs) error {
	entries, err := os.ReadDir(from.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		digest, err := v1.NewHash(strings.Replace(entry.Name(), "-", ":", 1))
		if err != nil {
			continue // not a blob
		}
		if err := b.take(from, digest); err != nil {
			return err
		}
	}
	return nil
}

// take is [Blobs.Take] for one blob. The other folder may lack it if this one has
// it.
func (b *Blobs) take(from *Blobs, digest v1.Hash) error {
	if _, err := os.Lstat(b.Path(digest)); err == nil {
		return nil
	}
	if err := os.Link(from.Path(digest), b.Path(digest)); err == nil || errors.Is(err, os.ErrExist) {
		return nil
	}
	content, err := os.Open(from.Path(digest))
	if err != nil {
		return err
	}
	return b.Put(context.Background(), "", digest, content)
}

// Keep removes every blob whose digest is not given, and leftovers of interrupted
// builds.
func (b *Blobs) Keep(digests ...v1.Hash) error {
	keep := map[string]bool{}
	for _, digest := range digests {
		keep[filepath.Base(b.Path(digest))] = true
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if keep[entry.Name()] || !isBlob(entry.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(b.dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func isBlob(name string) bool {
	return strings.HasPrefix(name, "sha256-") || strings.HasPrefix(name, partPrefix)
}
