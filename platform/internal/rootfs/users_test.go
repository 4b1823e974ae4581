//go:build linux

package rootfs_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// Without root, the content of an inaccessible folder cannot be changed.
func TestFoldersThatAreClosedAreClosedLast(t *testing.T) {
	if os.Geteuid() == 0 {
		asAnother(t)
		return
	}
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range []string{"a/", "a/b/", "a/b/c/", "a.b/", "a/x/"} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeDir}); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		dir, err := unpack(t, rootfs.Options{}, out.Bytes())
		if err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v", info, err)
		}
		if err := home.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// asAnother runs the test again as an ordinary user.
func asAnother(t *testing.T) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	for at := dir; at != "/" && at != os.TempDir(); at = filepath.Dir(at) { // so that this user can reach it
		if err := os.Chmod(at, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1001, Gid: 1001}}
	text, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(text, []byte("PASS: "+t.Name())) {
		t.Errorf("as another user: %v\n%s", err, text)
	}
}

func TestDevicesAndSetuidBitsAreLeftOut(t *testing.T) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, header := range []*tar.Header{
		{Name: "dev/sda", Typeflag: tar.TypeBlock, Mode: 0o666, Devmajor: 8}, {Name: "pipe", Typeflag: tar.TypeFifo, Mode: 0o666},
		{Name: "bin/su", Typeflag: tar.TypeReg, Mode: 0o4755}, {Name: "closed/", Typeflag: tar.TypeDir, Mode: 0o555}, {Name: "closed/x", Typeflag: tar.TypeReg, Mode: 0o400},
	} {
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	archive.Close()
	dir, err := unpack(t, rootfs.Options{}, out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "closed"), 0o755) })
	for path, want := range map[string]fs.FileMode{"bin/su": 0o755, "closed": fs.ModeDir | 0o555, "closed/x": 0o400} {
		if info, err := os.Lstat(filepath.Join(dir, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info, err, want)
		}
	}
	for _, path := range []string{"dev/sda", "pipe"} {
		if _, err := os.Lstat(filepath.Join(dir, path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there", path)
		}
	}
}
