//go:build linux

package home

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/download/checksum"
)

// Archive is a package's archive from an address that asks for no credentials.
type Archive struct {
	Checksum checksum.Checksum // its sha512
	Address  string
}

// maxArchive is the maximal size in bytes of an archive that is kept.
const maxArchive = 512 << 20

// archiveFolders is the folder of archives: a folder for the first two digits of the
// checksum, and there a file "<checksum>-<begin of the address's checksum>".
const archiveFolders = "archives"

// archiveName matches these files' names.
var archiveName = regexp.MustCompile(`^[0-9a-f]{128}-[0-9a-f]{32}$`)

func (h Home) archive(a Archive) string {
	address := sha256.Sum256([]byte(a.Address))
	return filepath.Join(h.Dir, archiveFolders, a.Checksum.Hex[:2], a.Checksum.Hex+"-"+hex.EncodeToString(address[:16]))
}

// UseArchive gives a kept archive the name to, and records that it is used now. Linked
// says that the file may be the same one, which nobody may write to; otherwise it is
// copied. Found is false if it is not kept. Its content may be wrong.
func (h Home) UseArchive(a Archive, to string, linked bool) (found bool, err error) {
	from := h.archive(a)
	if linked {
		if err = os.Link(from, to); err == nil {
			touch(from) // on an error it is pruned earlier
			return true, nil
		}
	}
	file, err := openArchive(from)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	touch(from)
	copied, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(copied, file)
	if err = errors.Join(err, copied.Close()); err != nil {
		return false, errors.Join(err, os.Remove(to))
	}
	return true, nil
}

func openArchive(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, file.Close(), fs.ErrNotExist)
	}
	return file, nil
}

// KeepArchive keeps an archive, unless a right one is kept already. Content is read
// once, into a file in the folder scratch, which is in the home; other bytes than the
// checksum's are a [checksum.MismatchError], and nothing is kept of them.
func (h Home) KeepArchive(a Archive, content io.Reader, scratch string) error {
	place := h.archive(a)
	if a.Checksum.Verify(place) == nil {
		return touch(place)
	}
	made, err := os.CreateTemp(scratch, ".archive-")
	if err != nil {
		return err
	}
	defer os.Remove(made.Name()) // no effect after the rename
	defer made.Close()
	sum := a.Checksum.New()
	size, err := io.Copy(io.MultiWriter(made, sum), io.LimitReader(content, maxArchive+1))
	switch got := a.Checksum.Of(sum); {
	case err != nil:
		return err
	case size > maxArchive:
		return fmt.Errorf("the archive has more than %d bytes", maxArchive)
	case got != a.Checksum:
		return &checksum.MismatchError{Name: a.Address, Got: got, Want: a.Checksum}
	}
	if err := errors.Join(made.Chmod(0o644), os.MkdirAll(filepath.Dir(place), 0o700)); err != nil {
		return err
	}
	return os.Rename(made.Name(), place)
}

// MayKeepArchives reports whether the disk has space for more than the calls need.
func (h Home) MayKeepArchives() bool { return !h.short() }

// archives lists the kept archives.
func (h Home) archives() (items []Item) {
	folders, _ := filepath.Glob(filepath.Join(h.Dir, archiveFolders, "[0-9a-f][0-9a-f]"))
	for _, folder := range folders {
		entries, _ := os.ReadDir(folder) // skip what is unreadable
		for _, entry := range entries {
			info, err := entry.Info()
			if err == nil && archiveName.MatchString(entry.Name()) {
				items = append(items, Item{Kind: ArchiveKind, Name: entry.Name(), path: filepath.Join(folder, entry.Name()), Used: info.ModTime()})
			}
		}
	}
	return items
}

// pruneArchive removes an archive, unless it was used meanwhile. Builds have links or
// copies of their own.
func (h Home) pruneArchive(item Item) (bool, error) {
	info, err := os.Lstat(item.path)
	if err != nil || !info.ModTime().Equal(item.Used) {
		return false, nil
	}
	err = os.Remove(item.path) // its folder stays: another call may be about to put a file there
	return err == nil, err
}

// together replaces archives by one item, the last one: there are thousands.
func together(items []Item) []Item {
	var rest []Item
	var all Item
	count := 0
	for _, item := range items {
		if item.Kind != ArchiveKind {
			rest = append(rest, item)
			continue
		}
		count++
		all.Size += item.Size
		if item.Used.After(all.Used) {
			all.Used = item.Used
		}
	}
	if count == 0 {
		return items
	}
	all.Kind, all.Name = ArchiveKind, "1 package"
	if count > 1 {
		all.Name = fmt.Sprintf("%d packages", count)
	}
	return append(rest, all)
}
