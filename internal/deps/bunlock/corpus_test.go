//go:build managers

package bunlock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
)

// The lockfiles of public apps, if they are there.
func TestTheCorpus(t *testing.T) {
	corpus := os.Getenv("CORPUS")
	if corpus == "" {
		t.Skip("left out: CORPUS names no folder with public apps")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "*", bunlock.Text))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %q, %v, want lockfiles", files, err)
	}
	for _, file := range files {
		g, found, err := bunlock.Read(filepath.Dir(file))
		if err != nil || !found {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, p := range append([]deps.Package{g.Root}, g.Packages...) {
			for _, ranges := range []map[string]string{p.Dependencies, p.DevDeps} {
				for name := range ranges {
					if _, ok := g.Resolve(p.Path, name); !ok && !p.Link {
						t.Errorf("%s: %s needs %s, which is nowhere", file, p.Path, name)
					}
				}
			}
		}
	}
}
