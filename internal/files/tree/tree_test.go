package tree_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// Between the app and a layer, which may be different mounts, folders keep
// their modes, also those in which nothing may be written.
func TestCopyTreeKeepsModes(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	rows := []struct {
		path string
		mode fs.FileMode
	}{
		{".", fs.ModeDir | 0o751},
		{"closed", fs.ModeDir | 0o555},
		{"closed/inner", fs.ModeDir | 0o700},
		{"open", fs.ModeDir | 0o777},
		{"closed/inner/file", 0o640},
		{"open/program", 0o755},
	}
	for _, row := range rows {
		place := filepath.Join(from, row.path)
		if row.mode.IsDir() {
			if err := os.MkdirAll(place, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(place, []byte(row.path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range rows {
		if err := os.Chmod(filepath.Join(from, row.path), row.mode.Perm()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, dir := range []string{from, to} {
			if err := tree.Remove(dir); err != nil {
				t.Error(err)
			}
		}
	})
	if err := tree.Copy(from, to); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		info, err := os.Lstat(filepath.Join(to, row.path))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != row.mode {
			t.Errorf("%s: got %s, want %s", row.path, info.Mode(), row.mode)
		}
	}
}

func TestLinksIntoFoldersThatMoveAlongStayRelative(t *testing.T) {
	dir := t.TempDir()
	for _, one := range []string{"a/modules", "modules/store", "lib"} {
		if err := os.MkdirAll(filepath.Join(dir, one), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"a/modules/x": "../../modules/store", "a/modules/lib": "../../lib"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	outside, err := tree.AnchorLinks(filepath.Join(dir, "a/modules"), filepath.Join(dir, "modules"))
	if want := []string{filepath.Join(dir, "lib")}; err != nil || !slices.Equal(outside, want) {
		t.Errorf("got %q, %v, want %q", outside, err, want)
	}
	for link, want := range map[string]string{"a/modules/x": "../../modules/store", "a/modules/lib": filepath.Join(dir, "lib")} {
		if got, err := os.Readlink(filepath.Join(dir, link)); err != nil || got != want {
			t.Errorf("%s leads to %q, %v, want %q", link, got, err, want)
		}
	}
}
