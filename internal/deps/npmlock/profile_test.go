package npmlock_test

import (
	"os"
	"testing"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// BenchmarkRead reads the lockfile of a real app.
func BenchmarkRead(b *testing.B) {
	app := os.Getenv("ARMATURE_PROFILE_APP")
	if app == "" {
		b.Skip("ARMATURE_PROFILE_APP names no app: run make profile")
	}
	for b.Loop() {
		if _, _, err := npmlock.Read(app); err != nil {
			b.Fatal(err)
		}
	}
}
