//go:build linux

package integration_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of its own, with these options.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Skip("mounting a small disk takes root, and being allowed to: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// nothingHalf checks that a call left no work folder, and no partial root or
// image, in armature's folder.
func nothingHalf(t *testing.T, dir string) {
	t.Helper()
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			t.Error(err)
			return err
		}
		name, _ := filepath.Rel(dir, path)
		known := map[string]bool{".": true, "roots": true, "builds": true, "images": true, "work": true}[name]
		if !known && (entry.IsDir() || !strings.HasSuffix(name, ".lock")) {
			t.Errorf("left behind: %s", name)
			if entry.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
}

func (b built) wantFailure(t *testing.T, id, remedy string) {
	t.Helper()
	_, fix, _ := strings.Cut(b.log, "To fix it: ")
	if b.status != 1 || strings.Count(b.log, "["+id+"] ") != 1 || !strings.Contains(fix, remedy) {
		t.Errorf("got status %d, want 1, [%s] and %q\n%s", b.status, id, remedy, b.log)
	}
}

func TestAFullDiskIsAFailureAndLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]string{"while unpacking": "size=8m", "for a few files": "nr_inodes=40", "at once": "nr_inodes=3", "before a try": "nr_inodes=6"} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t, options)
			b := newUser(t, 0).build(plainApp(t), "--tag", "plain", "--cache-dir", disk)
			b.wantFailure(t, "disk-full", "--cache-dir")
			nothingHalf(t, disk)
		})
	}
}

func TestAReadOnlyCacheFolderIsAFailure(t *testing.T) {
	disk := smallDisk(t, "size=1m")
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	newUser(t, 0).build(plainApp(t), "--tag", "plain", "--cache-dir", disk).wantFailure(t, "cache-dir-unusable", "--cache-dir")
	newUser(t, 0).build(plainApp(t), "--tag", "plain", "--cache-dir", filepath.Join(disk, "below")).wantFailure(t, "cache-dir-unusable", "--cache-dir")
}

// A writable folder becomes read-only.
func TestACacheFolderThatBecomesReadOnlyIsAFailure(t *testing.T) {
	disk := smallDisk(t, "size=1m")
	for name, mode := range map[string]os.FileMode{"roots": 0o700, "builds": 0o700, "images": 0o755, "work": 0o700} {
		if err := os.Mkdir(filepath.Join(disk, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	newUser(t, 0).build(plainApp(t), "--tag", "plain", "--cache-dir", disk).wantFailure(t, "cache-dir-unusable", "--cache-dir")
}

func TestWithoutAHomeTheCacheFolderHasToBeNamed(t *testing.T) {
	u := newUser(t, 0)
	u.home = ""
	u.build(plainApp(t), "--tag", "plain").wantFailure(t, "no-cache-dir", "--cache-dir")
}

// The error for a full destination disk names its flag, and no partial output
// remains.
func TestAFullDiskWhereSomethingIsPutIsAFailureAndHasNoPartOfIt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, size, flag, value, remedy string }{
		{"an OCI layout", "size=8m", "--output", "oci:DISK/app", "--output"},
		{"an archive", "size=8m", "--output", "tar:DISK/app.tar", "--output"},
		{"a timeline", "size=4k", "--timings", "DISK/build.html", "--timings"},
		{"bills of materials", "size=64k", "--sbom-dir", "DISK", "--sbom-dir"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			disk := smallDisk(t, tc.size)
			app := plainApp(t)
			b := newUser(t, 0).build(app, "--tag", "full-"+tc.flag[2:], tc.flag, strings.ReplaceAll(tc.value, "DISK", disk))
			b.wantFailure(t, "disk-full", tc.remedy)
			b.wantFailure(t, "disk-full", disk)
			if list, err := os.ReadDir(disk); err != nil || len(list) > 0 {
				t.Errorf("left behind: %v, %v", list, err)
			}
		})
	}
}
