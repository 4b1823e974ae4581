//go:build linux

// Package diskfull says of disks and quotas that are used up where that is, and
// what to do.
package diskfull

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

// Large is from how many bytes on it is worth asking whether they fit.
const Large = 64 << 20

// Fits is an error like that of a full disk when the disk of a file has less than
// so many bytes; what says what they are for.
func Fits(file *os.File, bytes int64, what string) error {
	var disk unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &disk); err != nil {
		return err
	}
	if free := disk.Bavail * uint64(disk.Bsize); uint64(bytes) > free {
		return fmt.Errorf("%d bytes are free, want %d for %s: %w", free, bytes, what, syscall.ENOSPC)
	}
	return nil
}

// Is says whether an error is that of a full disk, or of a user who may have
// no more of it.
func Is(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Failure is what to tell of it: what was done, an error or nil, at which path
// there is no space, or "" where that is not known, and the flag that names
// another place.
func Failure(doing string, err error, place, flag string) *failure.Failure {
	if place != "" {
		place = " at " + place
	}
	return &failure.Failure{ID: "disk-full", Cause: doing, Err: err, Remedy: "free some space" + place + ", or name a place on another disk with " + flag + "."}
}
