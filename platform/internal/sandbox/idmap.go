//go:build linux

package sandbox

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownedTree is a folder of the host whose owner is to be the sandbox's user inside.
type ownedTree struct {
	target string
	owner  unix.Stat_t
	tree   int // its mount, which is nowhere yet
}

type ownedTrees []ownedTree

// openOwned opens the binds that say so, while the host's folders can be seen. Only
// root can map ids of a mount.
func (s setup) openOwned() (all ownedTrees, err error) {
	for _, b := range s.Binds {
		if !b.Owned || s.Way != Mounts {
			continue
		}
		one := ownedTree{target: b.Target}
		if err := unix.Stat(b.Source, &one.owner); err != nil {
			return all, &Error{Step: "binding " + b.Source, Cause: err, Kind: Binding, Path: b.Source}
		}
		if one.tree, err = unix.OpenTree(unix.AT_FDCWD, b.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC); err != nil {
			return all, nil // a kernel without id-mapped mounts
		}
		all = append(all, one)
	}
	return all, nil
}

// mount mounts the trees over the plain binds so that the ids of their owners are
// those of the sandbox's user inside, and what that user writes belongs to the owner
// (mount_setattr(2), "ID-mapped mounts"). Where the kernel or the file system cannot
// do that, the plain bind stays.
func (all ownedTrees) mount(s setup) {
	for _, one := range all {
		ids, err := s.mapIDs(int(one.owner.Uid), int(one.owner.Gid))
		if err != nil {
			continue
		}
		attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Userns_fd: uint64(ids.Fd())}
		if unix.MountSetattr(one.tree, "", unix.AT_EMPTY_PATH, &attributes) == nil {
			unix.MoveMount(one.tree, "", unix.AT_FDCWD, one.target, unix.MOVE_MOUNT_F_EMPTY_PATH)
		}
		ids.Close()
	}
}

func (all ownedTrees) close() {
	for _, one := range all {
		unix.Close(one.tree)
	}
}

// mapIDs returns a user namespace that maps a user and a group of a file system to
// the sandbox's. It takes a process to make one, and the sandbox's own /proc.
func (s setup) mapIDs(user, group int) (namespace *os.File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	process, err := os.StartProcess(self, []string{idsName}, &os.ProcAttr{
		Dir: "/", Env: []string{}, Files: []*os.File{read},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: user, HostID: s.User, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: group, HostID: s.Group, Size: 1}},
		},
	})
	if err == nil {
		namespace, err = os.Open(filepath.Join("/proc", strconv.Itoa(process.Pid), "ns/user"))
	}
	write.Close()
	if process != nil {
		process.Wait()
	}
	return namespace, err
}

// holdIDs keeps the process of such a namespace until its input ends.
func holdIDs() { io.Copy(io.Discard, os.Stdin) }
