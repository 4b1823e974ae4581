//go:build linux

package source_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/source"
)

func TestModulesThatTheBuildRemovesAreNotCopied(t *testing.T) {
	from := t.TempDir()
	for _, path := range []string{
		"server.js", "node_modules/.package-lock.json", "node_modules/a/index.js", "node_modules/a/node_modules/b/index.js", "node_modules/c/index.js",
		"packages/x/node_modules/d/index.js", "packages/x/node_modules/e/deep/er.js", "packages/x/index.js",
	} {
		write(t, filepath.Join(from, path), path, 0o644)
	}
	if err := os.Chmod(from+"/packages/x/node_modules/e", 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../packages/x", from+"/node_modules/x"); err != nil {
		t.Fatal(err)
	}
	copied := func(removed ...string) []string {
		to := t.TempDir()
		var asked []string
		err := source.CopyWithout(t.Context(), from, to, "", func() []string {
			asked = list(t, to)
			return removed
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"node_modules/.package-lock.json", "node_modules/a", "node_modules/x", "packages/x/index.js", "packages/x/node_modules/d", "server.js"}; !slices.Equal(asked, want) {
			t.Errorf("when it is asked there is %q, want %q", asked, want)
		}
		if info, err := os.Stat(to + "/packages/x/node_modules/e"); err == nil && info.Mode().Perm() != 0o750 {
			t.Errorf("got mode %v", info.Mode())
		}
		return list(t, to)
	}
	whole := t.TempDir()
	if err := source.Copy(t.Context(), from, whole, "", nil); err != nil {
		t.Fatal(err)
	}
	if got, want := copied(), list(t, whole); !slices.Equal(got, want) {
		t.Errorf("nothing is removed: got %q, want %q", got, want)
	}
	if got, want := copied("node_modules"), []string{
		"node_modules/.package-lock.json", "node_modules/a", "node_modules/x", "packages/x/index.js",
		"packages/x/node_modules/d/index.js", "packages/x/node_modules/e/deep/er.js", "server.js",
	}; !slices.Equal(got, want) {
		t.Errorf("one is removed: got %q, want %q", got, want)
	}
}

// list is what there is below a folder, of folders those that are empty.
func list(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if inside, err := os.ReadDir(path); err != nil || len(inside) > 0 {
				return err
			}
		}
		name, err := filepath.Rel(dir, path)
		paths = append(paths, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
