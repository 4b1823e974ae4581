//go:build linux

package rootfs

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Clone copies an unpacked image, with hard links to its files, but real copies
// of files that the given user or group could write to. Both folders must be on
// one file system, and to must be empty.
func Clone(from, to string, user, group int) error {
	var folders []string
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		at := filepath.Join(to, path[len(from):])
		owner := info.Sys().(*syscall.Stat_t)
		switch {
		case entry.IsDir():
			folders = append(folders, path)
			if path != from {
				err = os.Mkdir(at, 0o700)
			}
			if err == nil {
				err = os.Chown(at, int(owner.Uid), int(owner.Gid))
			}
			return err
		case info.Mode().IsRegular() && writable(info.Mode(), owner, user, group):
			return copyOwned(path, at, info, owner)
		}
		return os.Link(path, at)
	})
	if err != nil {
		return err
	}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		if err := os.Chmod(filepath.Join(to, folder[len(from):]), info.Mode()); err != nil {
			return err
		}
	}
	return nil
}

// writable reports whether a user can write to a file, or change its mode.
func writable(mode fs.FileMode, owner *syscall.Stat_t, user, group int) bool {
	return int(owner.Uid) == user || int(owner.Gid) == group && mode&0o020 != 0 || mode&0o002 != 0
}

func copyOwned(from, to string, info fs.FileInfo, owner *syscall.Stat_t) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return err
	}
	if err := out.Chmod(info.Mode()); err != nil {
		return err
	}
	return out.Close()
}
