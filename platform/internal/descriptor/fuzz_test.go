//go:build linux

package descriptor_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
)

// FuzzFind looks for a descriptor, or a pattern in it, that causes a panic.
func FuzzFind(f *testing.F) {
	f.Add("[build]\nexclude = [\"*.env\", \"!a\", \"a/**/b\", \"[a\", \"\\\\\", \"/../x\"]\n", "a/b/c.env")
	f.Add("[_]\nschema-version = \"0.2\"\n[io.buildpacks]\ninclude = [\"**\", \"(a\", \"!\"]\n[[io.buildpacks.build.env]]\nname = \"A\"\nvalue = \"1\"\n", "x")
	f.Add("[[[[", "")
	f.Fuzz(func(t *testing.T, text, path string) {
		app := t.TempDir()
		if err := os.WriteFile(filepath.Join(app, descriptor.Name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := descriptor.Find(app)
		var f *failure.Failure
		if err != nil {
			if !errors.As(err, &f) {
				t.Errorf("got %v, want a failure", err)
			}
			return
		}
		if d.Filter != nil {
			d.Filter(path)
		}
	})
}
