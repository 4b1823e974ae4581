//go:build linux

package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"
)

// mountRoot mounts the root.
func (s setup) mountRoot() error {
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV)
	switch {
	case s.Over != Over{}:
		return s.overlay(flags)
	case !s.Writable:
		flags |= unix.MS_RDONLY
	}
	return bind(s.Root, s.MountPoint, flags)
}

// overlay mounts a root that can be written to over the one that is shared.
func (s setup) overlay(flags uintptr) error {
	options := "lowerdir=" + inOption(s.Root) + ",upperdir=" + inOption(s.Over.Upper) + ",workdir=" + inOption(s.Over.Work)
	if s.Way == Users { // others are for the host's root
		options += ",userxattr"
	}
	if err := unix.Mount("overlay", s.MountPoint, "overlay", flags, options); err != nil {
		return &Error{Step: "mounting a writable root", Cause: err, Kind: Overlaying}
	}
	return nil
}

// inOption returns a path as the options of an overlay take it.
func inOption(path string) string {
	return strings.NewReplacer(`\`, `\\`, `:`, `\:`, `,`, `\,`).Replace(path)
}
