//go:build linux

package source_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/source"
)

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestCopyKeepsModesTimesAndLinks(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, from+"/server.js", "x", 0o640)
	write(t, from+"/bin/run", "y", 0o755)
	write(t, from+"/closed/key", "z", 0o400)
	write(t, from+"/caf\xe9/cr\xe8me", "Latin-1, as old archives have it", 0o644)
	os.Symlink("/etc/passwd", from+"/outside")
	os.Symlink("../../..", from+"/bin/up")
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	os.Chtimes(from+"/server.js", long, long)
	os.Chmod(from+"/closed", 0o500)
	t.Cleanup(func() { os.Chmod(from+"/closed", 0o700); os.Chmod(to+"/closed", 0o700) })
	if err := source.Copy(t.Context(), from, to, "", nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"server.js": 0o640, "bin": fs.ModeDir | 0o755, "bin/run": 0o755, "closed": fs.ModeDir | 0o500, "closed/key": 0o400, "caf\xe9/cr\xe8me": 0o644} {
		if info, err := os.Lstat(filepath.Join(to, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info, err, want)
		}
	}
	for path, want := range map[string]string{"outside": "/etc/passwd", "bin/up": "../../.."} {
		if got, err := os.Readlink(filepath.Join(to, path)); got != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
	if info, _ := os.Stat(to + "/server.js"); !info.ModTime().Equal(long) {
		t.Errorf("got %s", info.ModTime())
	}
}

func TestAFilterLeavesFilesOut(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, from+"/a/keep.js", "x", 0o644)
	write(t, from+"/a/b/drop.env", "x", 0o644)
	filter := func(path string) bool { return strings.HasSuffix(path, ".js") } // folders, too, are not asked for
	if err := source.Copy(t.Context(), from, to, "", filter); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(to + "/a/keep.js"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(to + "/a/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no folder b", err)
	}
}

func TestFilesThatAreNoneAreToldOrLeftOut(t *testing.T) {
	from := t.TempDir()
	listener, err := net.Listen("unix", from+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	to := t.TempDir()
	if err := source.Copy(t.Context(), from, to, "", nil); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(to); len(list) != 0 {
		t.Errorf("got %v", list)
	}
	if err := syscall.Mkfifo(from+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	err = source.Copy(t.Context(), from, t.TempDir(), "", nil)
	if !errors.Is(err, &failure.Failure{ID: "app-file-type"}) || !strings.Contains(err.Error(), "pipe") {
		t.Errorf("got %v", err)
	}
}

func TestAFolderThatIsNoneIsTold(t *testing.T) {
	err := source.Copy(t.Context(), filepath.Join(t.TempDir(), "none"), "", t.TempDir(), nil)
	if !errors.Is(err, &failure.Failure{ID: "app-unreadable"}) {
		t.Errorf("got %v", err)
	}
}

func TestCancellingEndsTheCopy(t *testing.T) {
	from := t.TempDir()
	write(t, from+"/a", "x", 0o644)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := source.Copy(ctx, from, t.TempDir(), "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestArmaturesOwnFolderIsNoPartOfTheApp(t *testing.T) {
	from := t.TempDir()
	write(t, from+"/server.js", "x", 0o644)
	write(t, from+"/.cache/other", "x", 0o644)
	own := from + "/.cache/armature"
	write(t, own+"/roots/x", "x", 0o644)
	to := own + "/work/1/app"
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(own, link); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // without it, there is no end
	defer cancel()
	if err := source.Copy(ctx, from, to, link, nil); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"server.js": true, ".cache/other": true, ".cache/armature": false} {
		if _, err := os.Lstat(filepath.Join(to, path)); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", path, err == nil, want)
		}
	}
}

// A file with holes may have any size, and takes none on the app's disk.
func TestAFileThatDoesNotFitIsNotBegun(t *testing.T) {
	app := t.TempDir()
	if err := errors.Join(os.WriteFile(app+"/holes", nil, 0o644), os.Truncate(app+"/holes", 1<<40)); err != nil {
		t.Fatal(err)
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	err := source.Copy(t.Context(), app, disk, "", nil)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "bytes are free, want 1099511627776 for it: ") {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(disk + "/holes"); err != nil || info.Size() != 0 {
		t.Errorf("got %v, %v, want a file that was not begun", info, err)
	}
}
