//go:build linux

// Package sandboxtest lets tests make sandboxes.
package sandboxtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Main runs a package's tests and returns their exit status. A sandbox's first
// process is the test program itself, which has no dynamic linker inside: if this
// program needs one, Main rebuilds it statically, and runs it with the same
// arguments.
func Main(m *testing.M) int {
	sandbox.Reexec()
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

func again() error {
	dir, err := os.MkdirTemp("", "static-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, filepath.Base(os.Args[0]))
	build := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-o", program, ".") // the linker flags of go test
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c: %s: %s", err, out) // not an exit status of tests
	}
	cmd := exec.Command(program, os.Args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
