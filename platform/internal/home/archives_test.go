//go:build linux

package home_test

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// archiveOf is an archive of a content.
func archiveOf(text string) home.Archive {
	digest := sha512.Sum512([]byte(text))
	return home.Archive{Checksum: checksum.Checksum{Algorithm: "sha512", Hex: hex.EncodeToString(digest[:])}, Address: "https://r.example/a.tgz"}
}

// archiveFiles lists the files of archives.
func archiveFiles(t *testing.T, h home.Home) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.Dir, "archives/*/*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func hasArchive(t *testing.T, h home.Home, a home.Archive) bool {
	t.Helper()
	found, err := h.UseArchive(a, filepath.Join(t.TempDir(), "to"), true)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func keepArchive(t *testing.T, h home.Home, text string) home.Archive {
	t.Helper()
	a := archiveOf(text)
	if err := h.KeepArchive(a, strings.NewReader(text), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnArchiveIsThatOfItsChecksumAndItsAddress(t *testing.T) {
	h := open(t, t.TempDir())
	a := keepArchive(t, h, "a")
	elsewhere := a
	elsewhere.Address += "?"
	for name, tc := range map[string]struct {
		archive home.Archive
		want    bool
	}{"the same": {a, true}, "another address": {elsewhere, false}, "another checksum": {archiveOf("b"), false}} {
		for _, linked := range []bool{true, false} {
			to := filepath.Join(t.TempDir(), "to")
			found, err := h.UseArchive(tc.archive, to, linked)
			if err != nil || found != tc.want {
				t.Errorf("%s: got %v, %v", name, found, err)
			}
			if text, _ := os.ReadFile(to); tc.want && string(text) != "a" || !tc.want && text != nil {
				t.Errorf("%s: got %q", name, text)
			}
		}
	}
}

func TestOtherBytesAreNotKept(t *testing.T) {
	for name, content := range map[string]io.Reader{
		"a bit flipped": strings.NewReader("`"), "truncated": strings.NewReader(""), "more": strings.NewReader("aa"),
		"unreadable": io.MultiReader(strings.NewReader("a"), failing{}),
	} {
		h, scratch := open(t, t.TempDir()), t.TempDir()
		if err := h.KeepArchive(archiveOf("a"), content, scratch); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if left := list(t, scratch); left != "" || len(archiveFiles(t, h)) != 0 {
			t.Errorf("%s: left over: %s, %q", name, left, archiveFiles(t, h))
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no more") }

// As after a fault of the disk.
func TestAWrongArchiveIsReplaced(t *testing.T) {
	for _, wrong := range []string{"`", "", "aa"} {
		h := open(t, t.TempDir())
		a := keepArchive(t, h, "a")
		if err := os.WriteFile(archiveFiles(t, h)[0], []byte(wrong), 0o644); err != nil {
			t.Fatal(err)
		}
		keepArchive(t, h, "a")
		to := filepath.Join(t.TempDir(), "to")
		if _, err := h.UseArchive(a, to, true); err != nil || a.Checksum.Verify(to) != nil {
			t.Errorf("%q stays: %v", wrong, err)
		}
	}
}

func TestArchivesAreKeptAndUsedAtTheSameTime(t *testing.T) {
	h := open(t, t.TempDir())
	var all sync.WaitGroup
	for range 8 {
		scratch := t.TempDir()
		all.Go(func() {
			for i := range 40 {
				text := fmt.Sprint("archive ", i%10)
				a, to := archiveOf(text), filepath.Join(scratch, fmt.Sprint(i))
				if err := h.KeepArchive(a, strings.NewReader(text), scratch); err != nil && !errors.Is(err, os.ErrNotExist) { // or pruned
					t.Error(err)
				}
				if found, err := h.UseArchive(a, to, i%2 == 0); err != nil || found && a.Checksum.Verify(to) != nil {
					t.Errorf("got %v, %v", found, err)
				}
			}
		})
	}
	all.Go(func() {
		for range 20 {
			if _, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
}

func TestArchivesArePrunedLikeEverythingElse(t *testing.T) {
	h := open(t, t.TempDir())
	var used []home.Archive
	for i := range 4 {
		used = append(used, keepArchive(t, h, strings.Repeat(fmt.Sprint(i), 100_000)))
		old := time.Now().Add(-time.Duration(40-i) * day)
		for _, path := range archiveFiles(t, h) {
			if strings.Contains(path, used[i].Checksum.Hex) {
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.WriteFile(filepath.Join(h.Dir, "archives", "other"), nil, 0o644); err != nil { // not armature's
		t.Fatal(err)
	}
	held := filepath.Join(t.TempDir(), "held")
	if _, err := h.UseArchive(used[0], held, true); err != nil {
		t.Fatal(err)
	}
	gone, err := h.Prune(t.Context(), home.Limits{Age: 38*day + time.Hour, Size: -1, Dry: true})
	if want := []string{"archive 1 package"}; err != nil || !slices.Equal(names(gone), want) || len(archiveFiles(t, h)) != 4 {
		t.Errorf("asked only: got %q, %v, want %q", names(gone), err, want)
	}
	gone, err = h.Prune(t.Context(), home.Limits{Age: 50 * day, Size: 210_000})
	if want := []string{"archive 2 packages"}; err != nil || !slices.Equal(names(gone), want) || gone[0].Size < 200_000 || len(archiveFiles(t, h)) != 2 {
		t.Errorf("by size: got %q, %v, want %q", names(gone), err, want)
	}
	if !hasArchive(t, h, used[0]) || hasArchive(t, h, used[1]) || hasArchive(t, h, used[2]) || !hasArchive(t, h, used[3]) {
		t.Error("those used longest ago stay")
	}
	if gone, err := h.Prune(t.Context(), home.Limits{Age: -1, Size: -1}); err != nil || len(gone) != 1 || len(archiveFiles(t, h)) != 0 {
		t.Errorf("all: got %q, %v", names(gone), err)
	}
	if used[0].Checksum.Verify(held) != nil {
		t.Error("a build lost what it uses")
	}
}

func TestAFullDiskKeepsNothing(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("only root can mount a disk: ", err)
	}
	t.Cleanup(func() { unix.Unmount(disk, 0) })
	h := open(t, disk)
	if h.MayKeepArchives() {
		t.Error("there is space for more")
	}
	large := strings.Repeat("x", 1<<20)
	if err := h.KeepArchive(archiveOf(large), strings.NewReader(large), h.Dir); !diskfull.Is(err) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, ".archive-*")); len(left) != 0 || len(archiveFiles(t, h)) != 0 {
		t.Errorf("left over: %q, %q", left, archiveFiles(t, h))
	}
}
