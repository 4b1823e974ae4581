//go:build linux

package sandbox

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxID is the highest user and group id that every system call accepts: some cut
// higher ids off to 0, or treat them as "no change".
const MaxID = 1<<31 - 1

// checkIDs refuses to run a program as root, whatever an image says.
func (s Spec) checkIDs() error {
	if s.User <= 0 || s.User > MaxID || s.Group < 0 || s.Group > MaxID {
		return fmt.Errorf("a sandbox's user is %d:%d, want a user from 1 to %d and a group from 0", s.User, s.Group, MaxID)
	}
	return nil
}

// maps returns the id maps of the user namespace: all ids that the host's root
// may use, or the one user that an ordinary user may map.
func (s *Sandbox) maps() (users, groups []syscall.SysProcIDMap) {
	if s.oneID() {
		return []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}, []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	all := []syscall.SysProcIDMap{{Size: allIDs}}
	return all, all
}

func (s *Sandbox) oneID() bool { return s.spec.Way.OneID() }

// OneID reports whether the sandbox's user is this process's own on the host: it
// can give files to nobody else.
func (w Way) OneID() bool { return w == Users && !hasAllIDs() }

// allIDs is the number of users and groups that root maps, from 0.
const allIDs = 1 << 16

// hasAllIDs reports whether this process may become any user: it is root, and its
// user namespace maps enough ids.
func hasAllIDs() bool {
	if os.Geteuid() != 0 || !hasCapability(unix.CAP_SETUID) || !hasCapability(unix.CAP_SETGID) {
		return false
	}
	return coversAllIDs(read("/proc/self/uid_map")) && coversAllIDs(read("/proc/self/gid_map"))
}

// coversAllIDs reports whether an id map (user_namespaces(7)) has all ids that
// root maps, from 0.
func coversAllIDs(idMap string) bool {
	var inside, outside, size int64
	_, err := fmt.Sscan(idMap, &inside, &outside, &size)
	return err == nil && inside == 0 && size >= allIDs
}

// hasCapability reports whether a capability is in this process's effective set.
func hasCapability(number int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	unix.Capget(&header, &data[0]) // after an error the set is empty
	return data[number/32].Effective&(1<<(number%32)) != 0
}
