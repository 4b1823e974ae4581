//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// FuzzReadEnv looks for a file of variables that gives invalid variables, or an
// error that repeats its content.
func FuzzReadEnv(f *testing.F) {
	for _, text := range []string{"A=1\nB\n\n C = d\r\n", "../../x=1", "=", "A=\x00", "# a comment", "\ufeffA=1", "\xff\xfeA\x00=\x001\x00", strings.Repeat("A", 1<<16) + "=1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "env")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		env, err := readEnv([]string{path}, nil, nothing)
		if err != nil {
			if !errors.Is(err, &failure.Failure{ID: "env-name"}) && !errors.Is(err, &failure.Failure{ID: "env-file-unreadable"}) {
				t.Errorf("got %v", err)
			}
			return
		}
		for name, value := range env {
			if !platform.IsEnvName(name) || strings.ContainsRune(value, 0) {
				t.Errorf("got %q=%q", name, value)
			}
		}
	})
}
