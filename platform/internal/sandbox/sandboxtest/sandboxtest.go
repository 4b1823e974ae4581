//go:build linux

// Package sandboxtest lets tests make sandboxes.
package sandboxtest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Main runs a package's tests and returns their exit status. A sandbox's first
// process is the test program itself, which has no dynamic linker inside: if this
// program needs one, Main rebuilds it statically, and runs it with the same
// arguments.
func Main(m *testing.M) int {
	sandbox.Reexec()
	if !tier.WithSandboxes() {
		return m.Run()
	}
	static, err := sandbox.Static()
	if err == nil && static {
		return m.Run()
	}
	if err == nil {
		err = again()
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "making the test program without cgo:", err)
		return 1
	}
	return 0
}

// kept is how long a static program is kept at least: another run may need it.
const kept = time.Hour

// again runs the tests in a static program, which is kept for as long as this one
// is the same. They run in a copy of it: some give their own program away.
func again() error {
	program, err := place()
	if err != nil {
		return err
	}
	if _, err := os.Stat(program); err != nil {
		if err := build(program); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "static-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, filepath.Base(program))
	if err := os.WriteFile(copied, text, 0o755); err != nil {
		return err
	}
	cmd := exec.Command(copied, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// place returns the path of the static program for this one, beside Go's cache, and
// removes old ones: linking takes longer than many tests. The name has the digest
// of this program, which follows from all of its sources.
func place() (path string, err error) {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return "", err
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer self.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, self); err != nil {
		return "", err
	}
	name := filepath.Base(os.Args[0])
	dir := filepath.Join(strings.TrimSpace(string(cache)), "armature-tests", name)
	path = filepath.Join(dir, fmt.Sprintf("%x", digest.Sum(nil)), name)
	others, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, other := range others {
		if info, statErr := os.Lstat(other); statErr == nil && time.Since(info.ModTime()) > kept && other != filepath.Dir(path) {
			err = errors.Join(err, os.RemoveAll(other))
		}
	}
	return path, errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700))
}

// build links the package's tests statically.
func build(program string) error {
	dir, err := os.MkdirTemp(filepath.Dir(program), "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "program")
	cmd := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-o", made, ".") // the linker flags of go test
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c: %s: %s", err, out) // not an exit status of tests
	}
	return os.Rename(made, program)
}
