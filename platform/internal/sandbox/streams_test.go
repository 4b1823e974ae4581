//go:build linux

package sandbox

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOneStreamIsTheOthersOnlyWhenItIsTheSame(t *testing.T) {
	var one, other strings.Builder
	odd := oddWriter{nil}
	for _, tc := range []struct {
		name           string
		stdout, stderr io.Writer
		want           bool
	}{
		{"one writer", &one, &one, true}, {"two", &one, &other, false}, {"none", nil, nil, false}, {"no output", nil, &one, false}, {"no errors", &one, nil, false},
		{"those that cannot be compared", odd, odd, false}, {"of which one can", &one, odd, false}, {"of which the other can", odd, &one, false},
	} {
		streams := Spec{Stdout: tc.stdout, Stderr: tc.stderr}.streams()
		if streams[0].first || streams[1].first != tc.want {
			t.Errorf("%s: got %v", tc.name, streams)
		}
	}
}

type oddWriter struct{ list []int }

func (oddWriter) Write(p []byte) (int, error) { return len(p), nil }

// If a second pipe cannot be made, the first one is closed.
func TestPipesOfWhichOneCannotBeMadeAreClosed(t *testing.T) {
	root := t.TempDir()
	if err := errors.Join(os.Mkdir(root+"/dev", 0o755), syscall.Mkfifo(root+"/dev/stdout", 0o600)); err != nil {
		t.Fatal(err)
	}
	s := &Sandbox{spec: Spec{Way: Chroot, Root: root, Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}}
	_, err := s.newOutputs()
	var step *Error
	if !errors.As(err, &step) || step.Step != "making the pipe for stderr" || !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v", err)
	}
	for until := time.Now().Add(10 * time.Second); len(openBelow(root)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("open: %v", openBelow(root))
		}
	}
}

// openBelow returns this process's open files below a folder.
func openBelow(dir string) (open []string) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if to, _ := os.Readlink(link); strings.HasPrefix(to, dir) {
			open = append(open, to)
		}
	}
	return open
}

func TestWhatIsPrintedIsPassedOnAndLookedAt(t *testing.T) {
	for text, want := range map[string]bool{"ok": false, "runtime: failed to create new OS thread (have 3)": true} {
		var out strings.Builder
		s := &Sandbox{spec: Spec{Way: Users, User: os.Geteuid(), Group: os.Getegid(), Stderr: &out}}
		o, err := s.newOutputs()
		if err != nil {
			t.Fatal(err)
		}
		if o.end(0) != nil {
			t.Error("output that goes nowhere has a pipe")
		}
		if _, err := io.WriteString(o.end(1), text); err != nil {
			t.Fatal(err)
		}
		o.closeEnds()
		if err := o.wait(); err != nil || out.String() != text || o.noThread.Load() != want {
			t.Errorf("got %q, %v, no thread: %v", &out, err, o.noThread.Load())
		}
	}
}
