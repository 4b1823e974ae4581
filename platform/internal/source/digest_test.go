//go:build linux

package source_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/source"
)

// digestOf fills a folder and digests it.
func digestOf(t *testing.T, fill func(dir string) error) string {
	t.Helper()
	dir := t.TempDir()
	if err := fill(dir); err != nil {
		t.Fatal(err)
	}
	digest, err := source.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// some fills a folder: a file, and a folder with a link.
func some(dir string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "b"), []byte("content"), 0o644),
		os.Mkdir(filepath.Join(dir, "a"), 0o755),
		os.Symlink("../b", filepath.Join(dir, "a", "link")),
	)
}

func TestTheDigestIsThatOfTheTextThatItsDocumentationSays(t *testing.T) {
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	want := "sha256:" + sum("d 0755 "+sum("")+" \"a\"\nl 0777 "+sum("../b")+" \"a/link\"\nf 0644 "+sum("content")+" \"b\"\n")
	if got := digestOf(t, some); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheDigestCountsNamesModesAndContents(t *testing.T) {
	was := digestOf(t, some)
	for _, tc := range []struct {
		name   string
		change func(dir string) error
		same   bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"a time", func(dir string) error { return os.Chtimes(filepath.Join(dir, "b"), time.Unix(1, 0), time.Unix(1, 0)) }, true},
		{"the folder's own mode", func(dir string) error { return os.Chmod(dir, 0o700) }, true},
		{"a content", func(dir string) error { return os.WriteFile(filepath.Join(dir, "b"), []byte("Content"), 0o644) }, false},
		{"a mode", func(dir string) error { return os.Chmod(filepath.Join(dir, "b"), 0o755) }, false},
		{"a name", func(dir string) error { return os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "c")) }, false},
		{"a link", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "a/link")), os.Symlink("../c", filepath.Join(dir, "a/link")))
		}, false},
		{"an empty folder", func(dir string) error { return os.Mkdir(filepath.Join(dir, "c"), 0o755) }, false},
	} {
		is := digestOf(t, func(dir string) error { return errors.Join(some(dir), tc.change(dir)) })
		if (is == was) != tc.same {
			t.Errorf("%s: the digest is the same: %v, want %v", tc.name, is == was, tc.same)
		}
	}
}
