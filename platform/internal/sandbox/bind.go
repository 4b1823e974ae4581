//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bind mounts source on target. Flags need a second mount call; it must keep
// those of the source's own mount, or the kernel refuses (mount(2), EPERM).
func bind(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return &Error{Step: "binding " + source, Cause: err, Kind: Binding, Path: source}
	}
	kept, err := mountFlags(target)
	if err != nil {
		return &Error{Step: "asking for the flags of " + source, Cause: err, Kind: Binding, Path: source}
	}
	if err := unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|flags|kept, ""); err != nil {
		return &Error{Step: "restricting " + source, Cause: err, Kind: Binding, Path: source}
	}
	return nil
}

// bindTree is bind with the mounts below the source, which the kernel does not
// let a user namespace leave out. Kernels before 5.12 cannot make all of them
// read-only: there only the source is bound.
func bindTree(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return &Error{Step: "binding " + source, Cause: err, Kind: Binding, Path: source}
	}
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if flags&unix.MS_RDONLY != 0 {
		attributes.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, &attributes)
	if errors.Is(err, unix.ENOSYS) {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			return &Error{Step: "binding " + source, Cause: err, Kind: Binding, Path: source}
		}
		return bind(source, target, flags)
	}
	if err != nil {
		return &Error{Step: "restricting " + source, Cause: err, Kind: Binding, Path: source}
	}
	return nil
}

// mountFlags returns the flags of a path's mount, in the form of mount(2).
func mountFlags(path string) (uintptr, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return 0, err
	}
	var flags uintptr
	for st, ms := range map[int64]uintptr{
		unix.ST_RDONLY: unix.MS_RDONLY, unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME,
	} {
		if stat.Flags&st != 0 {
			flags |= ms
		}
	}
	return flags, nil
}

// mountPointFor returns the path below root of a path in the sandbox. Every
// parent must be a folder: through a symbolic link of the image, a mount could
// end up anywhere.
func mountPointFor(root, target string) (string, error) {
	path := root
	for name := range strings.SplitSeq(strings.Trim(filepath.Clean(target), "/"), "/") {
		path = filepath.Join(path, name)
		info, err := os.Lstat(path)
		if err != nil {
			return "", fmt.Errorf("looking for the place of %s: %w", target, err)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return "", fmt.Errorf("looking for the place of %s: %s is a symbolic link, want a folder", target, strings.TrimPrefix(path, root))
		}
	}
	return path, nil
}
