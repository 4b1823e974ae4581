//go:build linux

package sandbox_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// setFiles limits this process's open files, and returns the limit of before. It
// does nothing for a limit of 0.
func setFiles(to syscall.Rlimit) (before syscall.Rlimit) {
	if to.Cur == 0 || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before) != nil || syscall.Setrlimit(syscall.RLIMIT_NOFILE, &to) != nil {
		return syscall.Rlimit{}
	}
	return before
}

// leavesPipe reports whether an error is one after which Go 1.26 leaves a pipe
// open: clone(2) failed, and the child's id maps would have gone through it.
func leavesPipe(err error) bool {
	var step *sandbox.Error
	return errors.As(err, &step) && step.Step == "starting a process for a user-namespace" && errors.Is(err, syscall.EMFILE)
}

// Wherever the files run out, in the caller, the first process or the program:
// that is an error, and leaves nothing behind. What is no error has run the
// program.
func TestTooFewOpenFilesAreAnError(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		const few, enough = 6, 64
		s, done := spec(t, way), false
		for files := uint64(few); files < enough && !done; files++ {
			makeTargets(t, s)
			err, printed := outcomeUnder(t, underRefusal{Files: files, Spec: s, Path: "/bin/program", Program: "environment"})
			done = err == "<nil>"
			if done && printed != "PROGRAM=environment" || strings.HasPrefix(err, "open: ") {
				t.Errorf("%d files: got %s and %q", files, err, printed)
			}
			if _, err := os.Lstat(s.Binds[0].Source); err != nil {
				t.Errorf("%d files: %v", files, err)
			}
			if left := processesOf(s.Root); len(left) > 0 {
				t.Errorf("%d files: still running: %v", files, left)
			}
		}
		if !done {
			t.Errorf("%d files are not enough", enough)
		}
	})
}

// The same in the first process alone, which needs fewer than its caller.
func TestTooFewOpenFilesOfTheFirstProcessAreAnError(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		const few, enough = 7, 64
		done := false
		for files := uint64(few); files < enough && !done; files++ {
			var out bytes.Buffer
			s := spec(t, way)
			s.Stdout = &out
			box, err := sandbox.Start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			for _, pid := range sandbox.FirstProcesses(os.Getpid()) {
				if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: files}, nil); err != nil {
					t.Fatal(err)
				}
			}
			status, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=environment"}}, nil)
			if err := box.Close(); err != nil {
				t.Errorf("%d files: %v", files, err)
			}
			if done = err == nil; done && (status != sandbox.Status{} || out.String() != "PROGRAM=environment") {
				t.Errorf("%d files: got %v and %q", files, status, &out)
			}
		}
		if !done {
			t.Errorf("%d files are not enough", enough)
		}
	})
}
