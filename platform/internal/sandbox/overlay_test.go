//go:build linux

package sandbox_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["make anew"] = func() {
		err := errors.Join(os.RemoveAll("/open/old"), os.Mkdir("/open/old", 0o755))
		list, listed := os.ReadDir("/open/old")
		fmt.Print(err, " ", len(list), listed, os.WriteFile("/open/new", nil, 0o644))
	}
	programs["write to the root"] = func() { fmt.Print(outcome(os.WriteFile("/open/new", nil, 0o644))) }
}

// withOpenFolder gives a sandbox a root with a folder that the program may write to.
func withOpenFolder(t *testing.T, s *sandbox.Spec) {
	t.Helper()
	for _, dir := range []string{s.Root + "/open", s.Root + "/open/old"} {
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Root+"/open/old/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(s.Root+"/open/old", s.User, s.Group); err != nil {
			t.Fatal(err)
		}
	}
}

// A folder that is made anew has none of what the root has there. The options of a
// mount separate with characters that paths may have.
func TestWhatIsWrittenOverASharedRootLeavesItAsItIs(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		withOpenFolder(t, &s)
		over := filepath.Join(filepath.Dir(s.Root), `a:b,c\d`)
		odd := filepath.Join(over, "root")
		s.Over = sandbox.Over{Upper: filepath.Join(over, "upper"), Work: filepath.Join(over, "work")}
		for _, dir := range []string{over, s.Over.Upper, s.Over.Work} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(s.Root, odd); err != nil {
			t.Fatal(err)
		}
		s.Root = odd
		t.Cleanup(func() { os.Chmod(s.Over.Work+"/work", 0o700) }) // the kernel's, or it could not be removed
		if reason := refusesOverlay(t, way, s); reason != nil {
			t.Skipf("this machine has no such mount: %v", reason)
		}
		if got, _ := run(t, s, "make anew"); got != "<nil> 0 <nil> <nil>" {
			t.Errorf("got %s", got)
		}
		if _, err := os.Lstat(s.Root + "/open/old/file"); err != nil {
			t.Errorf("the root has changed: %v", err)
		}
		if _, err := os.Lstat(s.Root + "/open/new"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the root has changed: %v", err)
		}
		if _, err := os.Lstat(s.Over.Upper + "/open/new"); err != nil {
			t.Errorf("what was written is not above it: %v", err)
		}
	})
}

// refusesOverlay returns the reason why this machine mounts no overlay, if it is the
// kernel's: no such file system, or not for users.
func refusesOverlay(t *testing.T, way sandbox.Way, s sandbox.Spec) error {
	t.Helper()
	box, err := sandbox.Start(t.Context(), s)
	if err == nil {
		err = box.Close()
	}
	if errors.Is(err, unix.ENODEV) || way == sandbox.Users && errors.Is(err, unix.EPERM) {
		return err
	}
	return nil
}

func TestARootCanBeWrittenToWhenItIsSaid(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		for writable, want := range map[bool]string{false: "refused", true: "done"} {
			s := spec(t, way)
			withOpenFolder(t, &s)
			s.Writable = writable
			if got, _ := run(t, s, "write to the root"); got != want {
				t.Errorf("writable %v: got %s, want %s", writable, got, want)
			}
			if _, err := os.Lstat(s.Root + "/open/new"); writable != (err == nil) {
				t.Errorf("writable %v: %v", writable, err)
			}
		}
	})
}
