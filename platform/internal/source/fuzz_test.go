//go:build linux

package source_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/source"
)

// FuzzCopy looks for a folder whose copy writes outside. Every line of the
// tree is a file, or with an arrow a symbolic link; lines that cannot be made
// are left out.
func FuzzCopy(f *testing.F) {
	f.Add("a/b\na/l>../../outside\na/l/x\nz>/etc\n", "a/*")
	f.Add("l>.\nl/l/x\nd>l/..\nd/../../outside/x\n", "!x")
	f.Add("caf\xe9/x", "y") // Latin-1
	f.Fuzz(func(t *testing.T, tree, kept string) {
		base := t.TempDir()
		for _, folder := range []string{"from", "to", "outside"} {
			if err := os.Mkdir(filepath.Join(base, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		from, err := os.OpenRoot(base + "/from")
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		for line := range strings.Lines(tree) {
			path, to, isLink := strings.Cut(strings.TrimSpace(line), ">")
			from.MkdirAll(filepath.Dir(path), 0o755)
			if isLink {
				from.Symlink(to, path)
			} else {
				from.WriteFile(path, []byte(path), 0o644)
			}
		}
		filter := func(path string) bool { return !strings.Contains(path, kept) }
		if kept == "" {
			filter = nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := source.Copy(ctx, base+"/from", base+"/to", "", filter); err != nil {
			t.Errorf("got %v", err)
		}
		if list, _ := os.ReadDir(base + "/outside"); len(list) != 0 {
			t.Errorf("outside there is now %v", list)
		}
		if list, _ := os.ReadDir(base); len(list) != 3 {
			t.Errorf("outside there is now %v", list)
		}
	})
}
