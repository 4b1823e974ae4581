//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// Ways returns the kinds of sandboxes that this process might make, best first.
func Ways() []Way {
	if os.Geteuid() == 0 {
		return []Way{Mounts, Users, Chroot}
	}
	return []Way{Users}
}

// Find returns the first of some ways that works here, by making a sandbox of
// each below dir. An error is a [*failure.Failure] with the reason, unless dir is
// unwritable.
func Find(ctx context.Context, dir string, ways ...Way) (Way, error) {
	var refused []error
	for _, way := range ways {
		err := Try(ctx, way, dir)
		if err == nil {
			return way, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		var folder *folderError
		var passes *failure.Failure
		if errors.As(err, &folder) || errors.As(err, &passes) && passes.Transient {
			return "", err // no other way would work either
		}
		refused = append(refused, fmt.Errorf("%s: %w", way, err))
	}
	return "", Refused(errors.Join(refused...))
}

// Refused turns an error of [Start] or [Try] that the system caused into a
// failure.
func Refused(err error) *failure.Failure {
	f := facts()
	f.LimitReached, f.Dynamic = errors.Is(err, ErrLimit), errors.Is(err, errDynamic)
	return &failure.Failure{
		ID: "no-sandbox", Cause: "this system does not let armature separate a build from the rest of it", Err: err,
		Remedy: Remedy(f),
	}
}

// folderError is an error of the folder for a try, independent of the way.
type folderError struct{ error }

func (e *folderError) Unwrap() error { return e.error }

// anyID is the user and the group of a try: one that is not root.
const anyID = 1

// Try makes an empty sandbox below dir in one way, and ends it.
func Try(ctx context.Context, way Way, dir string) (err error) {
	work, err := os.MkdirTemp(dir, ".try-")
	if err != nil {
		return &folderError{err}
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	spec := Spec{Way: way, Root: filepath.Join(work, "root"), MountPoint: filepath.Join(work, "point"), User: anyID, Group: anyID, Hostname: "try", Network: Host}
	for _, folder := range []string{spec.MountPoint, spec.Root + "/proc", spec.Root + "/dev"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return &folderError{err}
		}
	}
	s, err := Start(ctx, spec)
	if err != nil {
		return err
	}
	status, err := s.Run(ctx, Command{}, nil)
	err = errors.Join(err, s.Close())
	switch {
	case err != nil || status == Status{}:
		return err
	case s.outputs.noThread.Load():
		return OutOfProcesses(fmt.Errorf("a try ended with %s", status))
	}
	return fmt.Errorf("a try ended with %s", status)
}

// errDynamic is the error of a dynamically linked program: the sandbox has no
// linker for it.
var errDynamic = errors.New("this program cannot make sandboxes, because it wants a dynamic linker")

// Facts decide whether a sandbox can be made, as far as an unprivileged process
// can read them.
type Facts struct {
	Dynamic    bool // armature is dynamically linked
	Root       bool // the effective user is root
	Container  bool // this runs in a container
	AppArmor   bool // kernel.apparmor_restrict_unprivileged_userns is on
	Disabled   bool // kernel.unprivileged_userns_clone is off
	MaskedProc bool // parts of /proc are hidden, so no other can be mounted

	NoneAllowed  []string // settings that limit a kind of namespaces to 0: "user.max_user_namespaces"
	LimitReached bool     // the kernel makes no more namespaces ([ErrLimit])
}

// kubeletsHosts begins a hosts file that the kubelet makes for a container
// (pkg/kubelet/kubelet_pods.go of Kubernetes 1.31).
const kubeletsHosts = "# Kubernetes-managed hosts file"

func facts() Facts {
	return Facts{
		Root:       os.Geteuid() == 0,
		Container:  exists("/.dockerenv") || exists("/run/.containerenv") || strings.HasPrefix(read("/etc/hosts"), kubeletsHosts),
		AppArmor:   setting("kernel/apparmor_restrict_unprivileged_userns") == "1",
		Disabled:   setting("kernel/unprivileged_userns_clone") == "0",
		MaskedProc: isMasked(read("/proc/self/mountinfo")),

		NoneAllowed: noneAllowed(),
	}
}

// Remedy returns what to do if no sandbox can be made, in the imperative, for the
// first reason that applies.
func Remedy(f Facts) string {
	switch {
	case f.Dynamic:
		return "compile armature with CGO_ENABLED=0, as make armature does."
	case len(f.NoneAllowed) > 0:
		return "as root: sysctl " + strings.Join(f.NoneAllowed, "=15000 ") + "=15000 (" + itIs(f.NoneAllowed) + " 0)."
	case f.LimitReached:
		return "let other sandboxes and containers of this user end, or as root: sysctl user.max_user_namespaces=15000, and the same for those of user.max_mnt_namespaces, user.max_pid_namespaces, user.max_ipc_namespaces and user.max_uts_namespaces that are low; inside a container, on its host."
	case f.Disabled:
		return "as root: sysctl kernel.unprivileged_userns_clone=1 (it is 0)."
	case f.AppArmor && !f.Container:
		return "run armature as root, or give it an AppArmor profile that allows \"userns\", or as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (it is 1)."
	case f.Container && !f.Root:
		return "run armature as root inside the container, or start the container with --security-opt seccomp=unconfined" + unmask(f) + "."
	case f.Container:
		return "start the container with the capabilities that Docker gives by default (SYS_CHROOT, MKNOD, SETUID, SETGID, CHOWN), or with --cap-add SYS_ADMIN --security-opt apparmor=unconfined" + unmask(f) + "."
	}
	return "run armature as root, or let users make user namespaces (the kernel's CONFIG_USER_NS; a seccomp filter or a security module may forbid it)."
}

func itIs(settings []string) string {
	if len(settings) == 1 {
		return "it is"
	}
	return "they are"
}

func unmask(f Facts) string {
	if f.MaskedProc {
		return " --security-opt systempaths=unconfined"
	}
	return ""
}

// isMasked reports whether a mount below /proc in a process's mountinfo
// (proc_pid_mountinfo(5)) hides part of it; binfmt_misc adds a folder and hides
// nothing.
func isMasked(mountinfo string) bool {
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasPrefix(fields[4], "/proc/") && fields[4] != "/proc/sys/fs/binfmt_misc" {
			return true
		}
	}
	return false
}

// setting returns a kernel setting.
func setting(path string) string { return strings.TrimSpace(read(filepath.Join("/proc/sys", path))) }

// read returns the content of a file, or "" if it cannot be read.
func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
