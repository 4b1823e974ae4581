//go:build linux

package stack_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

// The package arch, and so serve, asks for it on arm64.
func TestGetconfKnowsTheWordSize(t *testing.T) {
	forEveryImage(t, "run", func(t *testing.T, img image) {
		if got, want := img.run(t, "usr/bin/getconf", "LONG_BIT"), "64\n"; got != want {
			t.Errorf("getconf LONG_BIT: got %q, want %q", got, want)
		}
	})
}

// run returns the output of a program that needs only the C library,
// started with the image's loader and library.
func (img image) run(t *testing.T, program string, args ...string) string {
	t.Helper()
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	if img.target != host && !emulation.Works(img.target) {
		t.Skipf("this machine cannot run %s programs: CI runs them on a machine of the other architecture", img.target)
	}
	elfFile, ok := img.elfFiles(t)[program]
	if !ok {
		t.Fatalf("/%s is not there", program)
	}
	loader := strings.TrimPrefix(interpreter(elfFile), "/")
	dir := t.TempDir()
	for _, name := range []string{loader, program, "usr/lib/" + img.target.Triplet() + "/libc.so.6"} {
		f, ok := img.resolve(name)
		if !ok {
			t.Fatalf("/%s is not there", name)
		}
		if err := os.WriteFile(filepath.Join(dir, path.Base(name)), f.content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, path.Base(loader)), append([]string{"--library-path", dir, filepath.Join(dir, path.Base(program))}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}
