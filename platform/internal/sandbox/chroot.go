//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// place is a bind's source that was moved into a chroot.
type place struct{ source, target string }

// moveIn moves the sources of all binds to their targets: without mounts they
// cannot be in both places. On an error it moves them back.
func moveIn(spec Spec) (places []place, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, moveOut(places))
		}
	}()
	for _, b := range spec.Binds {
		if err := checkParent(b.Source); err != nil {
			return places, err
		}
		target, err := mountPointFor(spec.Root, b.Target)
		if err != nil {
			return places, err
		}
		if err := os.RemoveAll(target); err != nil {
			return places, fmt.Errorf("making room for %s: %w", b.Target, err)
		}
		if err := os.Rename(b.Source, target); err != nil {
			return places, fmt.Errorf("moving %s into the sandbox: %w", b.Source, err)
		}
		places = append(places, place{source: b.Source, target: target})
	}
	return places, nil
}

// checkParent refuses a source whose parent has other content. A process whose
// working folder is moved back is outside of the root, but gets no farther than
// the parent.
func checkParent(source string) error {
	info, err := os.Lstat(source)
	if err != nil || !info.IsDir() {
		return err
	}
	parent := filepath.Dir(source)
	if info, err = os.Lstat(parent); err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("moving %s into the sandbox: %s is of user %d with the mode %o, want one for user %d alone", source, parent, owner, info.Mode().Perm(), os.Geteuid())
	}
	return nil
}

// moveOut moves everything back, in reverse order.
func moveOut(places []place) error {
	var failed []error
	for i := len(places) - 1; i >= 0; i-- {
		failed = append(failed, os.Rename(places[i].target, places[i].source))
	}
	return errors.Join(failed...)
}

// makeDevices makes a chroot's /dev. Without /proc, the program's output goes
// through named pipes, so that it can open them, too.
func makeDevices(spec Spec) error {
	dev, err := mountPointFor(spec.Root, "/dev")
	if err != nil {
		return err
	}
	if err := removeContents(dev); err != nil { // the image's content
		return err
	}
	for _, device := range devices {
		path := filepath.Join(dev, device.name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(device.major, device.minor))); err != nil {
			return &Error{Step: "making the device " + device.name, Cause: err}
		}
		if err := os.Chmod(path, 0o666); err != nil {
			return err
		}
	}
	if err := linkDevices(dev); err != nil {
		return err
	}
	for _, stream := range spec.streams() {
		path := filepath.Join(dev, stream.name)
		err := os.Remove(path) // the symbolic link
		switch {
		case err != nil:
		case stream.to == nil:
			err = os.Symlink("null", path)
		case stream.first:
			err = os.Symlink("stdout", path)
		default:
			err = errors.Join(unix.Mkfifo(path, 0o600), os.Chown(path, spec.User, spec.Group))
		}
		if err != nil {
			return &Error{Step: "making /dev/" + stream.name, Cause: err}
		}
	}
	if err := nameOutputs(spec.Root); err != nil {
		return &Error{Step: "making " + outputNames, Cause: err}
	}
	return nil
}

func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// nameOutputs links /proc/1/fd to the program's outputs, as in a sandbox with a
// /proc.
func nameOutputs(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	names := strings.TrimPrefix(outputNames, "/")
	if err := errors.Join(root.RemoveAll("proc/1"), root.MkdirAll(names, 0o755)); err != nil {
		return err
	}
	return errors.Join(root.Symlink("/dev/stdout", names+"/1"), root.Symlink("/dev/stderr", names+"/2"))
}

// itself is the folder in which a chroot's program finds the path of its
// executable.
const itself = "proc/self"

// answer makes the one link of /proc that a program needs at its start
// (Command.AsksForItself).
func answer(dir, executable string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = root.RemoveAll(itself)
	if err == nil {
		err = root.Mkdir(itself, 0o755)
	}
	if err == nil {
		err = root.Symlink(executable, itself+"/exe")
	}
	if err != nil {
		return &Error{Step: "making /proc/self/exe", Cause: err}
	}
	return nil
}

// answering is a chroot's listener. It removes the answer at the first
// connection: the program has started by then, and for the programs that it
// starts the answer would be wrong.
type answering struct {
	net.Listener
	root string
}

func (a answering) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(a.root)
	if err == nil {
		err = errors.Join(root.RemoveAll(itself), root.Close())
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// on is the argument of an option of prctl(2) that is on or off.
const on = 1

// makeParent makes this process the parent of all orphans below it, and makes
// SIGTERM, which the caller's death sends, end all of them.
func (f *first) makeParent() {
	prctl(unix.PR_SET_CHILD_SUBREAPER, on)
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		f.exit()
	}()
}
