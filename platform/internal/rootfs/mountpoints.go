//go:build linux

package rootfs

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// A MountPointError is a mount point of the options that cannot be made, because
// the image has something else there.
type MountPointError struct {
	MountPoint string // as in the options
	Err        error
}

func (e *MountPointError) Error() string { return e.MountPoint + ": " + e.Err.Error() }
func (e *MountPointError) Unwrap() error { return e.Err }

// mountPoints makes the options' mount points that the image lacks.
func (u *unpacker) mountPoints() error {
	for _, name := range u.options.Folders {
		at, err := u.cursor.folder(strings.TrimPrefix(path.Clean("/"+name), "/"))
		if errors.Is(err, errNotFolder) {
			return &MountPointError{name, err}
		}
		if err != nil {
			return err
		}
		if _, set := u.modes[at]; !set {
			u.modes[at] = 0o755
		}
	}
	for _, name := range u.options.Files {
		parent, err := u.cursor.folder(strings.TrimPrefix(path.Dir(path.Clean("/"+name)), "/"))
		if errors.Is(err, errNotFolder) {
			return &MountPointError{name, err}
		}
		if err != nil {
			return err
		}
		at := path.Join(parent, path.Base(name))
		switch info, err := u.root.Lstat(at); {
		case err == nil && info.Mode().IsRegular():
			continue
		case err == nil && info.IsDir():
			return &MountPointError{name, fmt.Errorf("%s of the image is a folder, want a file", at)}
		}
		if err := u.remove(at); err != nil { // resolv.conf is a symbolic link in many images
			return err
		}
		if err := u.root.WriteFile(at, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}
