//go:build linux

package source_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/source"
)

// BenchmarkCopy copies an app with its node_modules.
func BenchmarkCopy(b *testing.B) {
	app := os.Getenv("ARMATURE_PROFILE_APP")
	if app == "" {
		b.Skip("ARMATURE_PROFILE_APP names no app: run make profile")
	}
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		to := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(to, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := source.Copy(b.Context(), app, to, "", nil); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := os.RemoveAll(to); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
