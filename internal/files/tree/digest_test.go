package tree_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// As for git, a folder is the same wherever it was checked out.
func TestADigestOfAFolderIsOfNamesKindsAndContents(t *testing.T) {
	make := func(change func(dir string) error, without ...string) string {
		t.Helper()
		dir := t.TempDir()
		err := errors.Join(os.Mkdir(dir+"/sub", 0o755), os.WriteFile(dir+"/sub/file", []byte("text"), 0o644), os.WriteFile(dir+"/skip", nil, 0o644), os.Symlink("sub", dir+"/link"))
		if err == nil {
			err = change(dir)
		}
		if err != nil {
			t.Fatal(err)
		}
		digest, err := tree.Digest(dir, without...)
		if err != nil || len(digest) != 64 {
			t.Fatalf("got %q, %v", digest, err)
		}
		return digest
	}
	nothing := func(string) error { return nil }
	before := make(nothing)
	for name, tc := range map[string]struct {
		change func(dir string) error
		same   bool
	}{
		"nothing": {nothing, true},
		"the umask": {func(dir string) error {
			return errors.Join(os.Chmod(dir+"/sub/file", 0o600), os.Chmod(dir+"/sub", 0o700))
		}, true},
		"a content":     {func(dir string) error { return os.WriteFile(dir+"/sub/file", []byte("texts"), 0o644) }, false},
		"a name":        {func(dir string) error { return os.Rename(dir+"/sub/file", dir+"/sub/files") }, false},
		"a program":     {func(dir string) error { return os.Chmod(dir+"/sub/file", 0o744) }, false},
		"an empty file": {func(dir string) error { return os.WriteFile(dir+"/new", nil, 0o644) }, false},
		"a folder":      {func(dir string) error { return os.Mkdir(dir+"/new", 0o755) }, false},
		"a link": {func(dir string) error {
			return errors.Join(os.Remove(dir+"/link"), os.Symlink("skip", dir+"/link"))
		}, false},
		"a link's kind": {func(dir string) error {
			return errors.Join(os.Remove(dir+"/link"), os.WriteFile(dir+"/link", []byte("sub"), 0o644))
		}, false},
	} {
		if after := make(tc.change); (after == before) != tc.same {
			t.Errorf("%s: the same: %v, want %v", name, after == before, tc.same)
		}
	}
	without := make(nothing, "skip", "sub")
	if without == before {
		t.Error("what is left out counts")
	}
	if got := make(func(dir string) error {
		return errors.Join(os.WriteFile(dir+"/sub/file", nil, 0o644), os.Remove(dir+"/skip"))
	}, "skip", "sub"); got != without {
		t.Error("what is left out makes a difference")
	}
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasSuffix(to, "/sub/file") {
			t.Errorf("%s is open still", to)
		}
	}
	if _, err := tree.Digest("/nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: got %v", err)
	}
}

// A checkout with another umask is the same app.
func TestADigestOfFilesIsThatOfWhatGitKeeps(t *testing.T) {
	dir := t.TempDir()
	digest := func() string {
		t.Helper()
		got, err := tree.Digest(dir, "node_modules", ".git")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		place := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(place, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a/b", "text", 0o644)
	before := digest()
	for _, row := range []struct {
		name   string
		change func()
		same   bool
	}{
		{"a file for its owner only", func() { write("a/b", "text", 0o600) }, true},
		{"a folder for its group", func() { os.Chmod(filepath.Join(dir, "a"), 0o775) }, true},
		{"modules", func() { write("a/node_modules/x", "", 0o644) }, true},
		{"git's own", func() { write(".git/HEAD", "", 0o644) }, true},
		{"a file of that name", func() { write("c/.git", "", 0o644); os.RemoveAll(filepath.Join(dir, "c")) }, true},
		{"another content", func() { write("a/b", "more", 0o644) }, false},
		{"a program", func() { write("a/b", "text", 0o755) }, false},
		{"a link", func() { os.Remove(filepath.Join(dir, "a", "b")); os.Symlink("text", filepath.Join(dir, "a", "b")) }, false},
		{"an empty folder", func() { os.Remove(filepath.Join(dir, "a", "b")); os.Mkdir(filepath.Join(dir, "a", "b"), 0o755) }, false},
	} {
		row.change()
		if got := digest() == before; got != row.same {
			t.Errorf("%s: whether it is the same is %t", row.name, got)
		}
		os.RemoveAll(filepath.Join(dir, "a", "b"))
		write("a/b", "text", 0o644)
	}
}
