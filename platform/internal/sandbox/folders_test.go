//go:build linux

package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

func makeFolders(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// Through a symbolic link of the image a mount could end up anywhere.
func TestAPlaceInsideIsReachedThroughNoLink(t *testing.T) {
	root := t.TempDir()
	makeFolders(t, root, "a/b")
	for link, to := range map[string]string{"link": "/etc", "a/up": ".."} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for target, want := range map[string]string{"/": "", "/a": "a", "/a/b": "a/b", "/a//b/": "a/b", "/a/../a/b": "a/b", "/../a": "a"} {
		if got, err := mountPointFor(root, target); err != nil || got != filepath.Join(root, want) {
			t.Errorf("%s: got %s, %v, want %s", target, got, err, want)
		}
	}
	for target, want := range map[string]string{
		"/link": "/link is a symbolic link", "/link/passwd": "/link is a symbolic link", "/a/up/a": "/a/up is a symbolic link", "/none": "no such file",
	} {
		if got, err := mountPointFor(root, target); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the place of "+target) {
			t.Errorf("%s: got %s, %v, want %s", target, got, err, want)
		}
	}
}

// As in /proc (proc_pid_mountinfo(5)).
func TestTheFlagsOfAMountAreAllKept(t *testing.T) {
	names := map[string]uintptr{
		"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
		"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
	}
	want := map[string]uintptr{}
	for line := range strings.Lines(read("/proc/self/mountinfo")) {
		fields := strings.Fields(line)
		var flags uintptr
		for _, name := range strings.Split(fields[5], ",") {
			flags |= names[name]
		}
		want[fields[4]] = flags // the last mount is visible
	}
	for _, path := range []string{"/proc", "/dev", "/sys"} {
		flags, mounted := want[path]
		if !mounted {
			continue
		}
		if got, err := mountFlags(path); err != nil || got != flags {
			t.Errorf("%s: got %x, %v, want %x", path, got, err, flags)
		}
	}
	if _, err := mountFlags("/nowhere"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v", err)
	}
}

// closed is a folder of this user's alone, with a folder in it.
func closed(t *testing.T, name string) string {
	t.Helper()
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	makeFolders(t, parent, name)
	return filepath.Join(parent, name)
}

func TestWhatIsMovedIntoAChrootComesBack(t *testing.T) {
	root := t.TempDir()
	makeFolders(t, root, "data", "more/old")
	data, more := closed(t, "data"), closed(t, "more")
	spec := Spec{Root: root, Binds: []Bind{{Source: data, Target: "/data"}, {Source: more, Target: "/more"}}}
	places, err := moveIn(spec)
	if err != nil || len(places) != 2 {
		t.Fatalf("got %v, %v", places, err)
	}
	makeFolders(t, root, "data/made")
	if _, err := os.Lstat(filepath.Join(root, "more/old")); err == nil {
		t.Error("what the image has there is seen")
	}
	if err := moveOut(places); err != nil {
		t.Error(err)
	}
	for _, path := range []string{data + "/made", more} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	if err := moveOut(places); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there any more: got %v", err)
	}
}

func TestWhatWasMovedBeforeAnErrorIsMovedBack(t *testing.T) {
	for name, second := range map[string]Bind{
		"no source":        {Source: "/nowhere/at/all", Target: "/more"},
		"no target":        {Source: closed(t, "more"), Target: "/none"},
		"beside others":    {Source: filepath.Join(t.TempDir(), ".."), Target: "/more"},
		"on another disk ": {Source: "/proc/self", Target: "/more"},
	} {
		root := t.TempDir()
		makeFolders(t, root, "data", "more")
		data := closed(t, "data")
		places, err := moveIn(Spec{Root: root, Binds: []Bind{{Source: data, Target: "/data"}, second}})
		if err == nil {
			t.Errorf("%s: got %v and no error", name, places)
		}
		if _, err := os.Lstat(data); err != nil {
			t.Errorf("%s: it was not moved back: %v", name, err)
		}
	}
}

// A file has no siblings that a process in it could see.
func TestAFolderIsMovedFromOneThatIsClosedToOthers(t *testing.T) {
	for mode, want := range map[os.FileMode]bool{0o700: true, 0o500: true, 0o701: false, 0o710: false, 0o704: false, 0o755: false} {
		folder := closed(t, "data")
		parent := filepath.Dir(folder)
		file := filepath.Join(parent, "file")
		if err := errors.Join(os.WriteFile(file, nil, 0o644), os.Chmod(parent, mode)); err != nil {
			t.Fatal(err)
		}
		if err := checkParent(folder); (err == nil) != want {
			t.Errorf("%o: got %v", mode, err)
		}
		if err := checkParent(file); err != nil {
			t.Errorf("a file in %o: got %v", mode, err)
		}
		if err := os.Chmod(parent, 0o700); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() != 0 {
			continue
		}
		if err := os.Chown(parent, 4321, 4321); err != nil {
			t.Fatal(err)
		}
		if err := checkParent(folder); err == nil || !strings.Contains(err.Error(), "is of user 4321") {
			t.Errorf("of another user's: got %v", err)
		}
	}
}

func TestWhatIsNotThereIsNotMoved(t *testing.T) {
	if err := checkParent("/nowhere/at/all"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAFolderIsEmptiedAndStays(t *testing.T) {
	dir := t.TempDir()
	makeFolders(t, dir, "a/b", "c")
	if err := removeContents(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("got %v, %v", entries, err)
	}
	if err := removeContents(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// The links may come from an image, or point out of the root.
func TestAChrootsProcHasWhatIsAskedForAndNothingElse(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	makeFolders(t, root, "proc/1/old", "proc/self/old")
	before := openFiles(t)
	if err := nameOutputs(root); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"1": "/dev/stdout", "2": "/dev/stderr"} {
		if to, err := os.Readlink(filepath.Join(root, outputNames, name)); err != nil || to != want {
			t.Errorf("%s: got %s, %v", name, to, err)
		}
	}
	for range 2 {
		if err := answer(root, "/bin/program"); err != nil {
			t.Fatal(err)
		}
		if to, err := os.Readlink(filepath.Join(root, "proc/self/exe")); err != nil || to != "/bin/program" {
			t.Errorf("got %s, %v", to, err)
		}
	}
	for _, old := range []string{"proc/1/old", "proc/self/old"} {
		if _, err := os.Lstat(filepath.Join(root, old)); err == nil {
			t.Errorf("%s of the image is there", old)
		}
	}
	if err := errors.Join(os.RemoveAll(root+"/proc"), os.Symlink(outside, root+"/proc")); err != nil {
		t.Fatal(err)
	}
	var step *Error
	if err := answer(root, "/bin/program"); !errors.As(err, &step) || step.Step != "making /proc/self/exe" {
		t.Errorf("through a link: got %v", err)
	}
	if err := nameOutputs(root); err == nil {
		t.Error("through a link: got no error")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside of the root there is %v, %v", entries, err)
	}
	if now := openFiles(t); now != before {
		t.Errorf("%d files are open, before %d", now, before)
	}
}

// If nothing can be written no way would work, and none is tried after
// cancellation.
func TestWhatIsNoReasonAgainstAWayIsNotTakenForOne(t *testing.T) {
	var f *failure.Failure
	if _, err := Find(t.Context(), "/nowhere", Users); !errors.Is(err, fs.ErrNotExist) || errors.As(err, &f) {
		t.Errorf("no folder: got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := Find(ended, dir, "no way"); !errors.Is(err, context.Canceled) || errors.As(err, &f) {
		t.Errorf("after the end: got %v", err)
	}
	if _, err := Find(t.Context(), dir); !errors.As(err, &f) || f.ID != "no-sandbox" {
		t.Errorf("no way: got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
	want := []Way{Users}
	if os.Geteuid() == 0 {
		want = []Way{Mounts, Users, Chroot}
	}
	if got := Ways(); len(got) != len(want) || got[0] != want[0] {
		t.Errorf("got %v, want %v", got, want)
	}
}
