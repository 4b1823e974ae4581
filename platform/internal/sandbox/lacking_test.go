//go:build linux

package sandbox_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["inherited"] = func() {
		for fd := 3; fd <= inherited; fd++ {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
				fmt.Println(fd, "is open")
			}
		}
	}
}

// A sandbox works, perhaps in another way, without the features that an older
// kernel lacks, or a container's filter refuses.
func TestWhatAKernelLacksIsDoneWithout(t *testing.T) {
	t.Parallel()
	lacks := func(call uint32, args ...match) []refusal { return []refusal{{call, args, unix.ENOSYS}} }
	unknown := func(call uint32, args ...match) []refusal { return []refusal{{call, args, unix.EINVAL}} }
	const written = "/new refused\n/dev/new refused\n/data/new done\n/fixed/new refused\n/proc/sys/kernel/hostname refused\n"
	cases := []struct {
		name          string
		refused       []refusal
		ways          []sandbox.Way
		path, program string
		want          string // the output
		err           string // the error's beginning, if any
	}{
		{name: "nothing", ways: both, program: "inherited"},
		{name: "closing all files", refused: lacks(unix.SYS_CLOSE_RANGE), ways: both, program: "inherited"},
		{name: "their number, too", refused: slices.Concat(lacks(unix.SYS_CLOSE_RANGE), lacks(unix.SYS_PRLIMIT64, is(1, unix.RLIMIT_NOFILE)), lacks(unix.SYS_GETRLIMIT, is(0, unix.RLIMIT_NOFILE))), ways: mounts, err: "closing inherited files"},
		{name: "files in memory that can be executed", refused: unknown(unix.SYS_MEMFD_CREATE, has(1, unix.MFD_EXEC, 0)), ways: mounts, path: "/bin/again", program: "where", want: "/memfd:armature (deleted) refused"},
		{name: "files in memory", refused: lacks(unix.SYS_MEMFD_CREATE), ways: both},
		{name: "seals", refused: unknown(unix.SYS_FCNTL, is(1, unix.F_ADD_SEALS)), ways: both},
		{name: "keyrings", refused: lacks(unix.SYS_KEYCTL), ways: both},
		{name: "filters", refused: lacks(unix.SYS_SECCOMP), ways: both},
		{name: "what filters are", refused: unknown(unix.SYS_SECCOMP), ways: both},
		{name: "a filter's flag", refused: unknown(unix.SYS_SECCOMP, isNot(1, 0)), ways: both, program: "namespace", want: "refused"},
		{name: "Landlock", refused: lacks(unix.SYS_LANDLOCK_CREATE_RULESET), ways: both},
		{name: "descriptors of processes", refused: lacks(unix.SYS_PIDFD_OPEN), ways: chroots, program: "leave"},
		{name: "signals through them", refused: []refusal{{unix.SYS_PIDFD_SEND_SIGNAL, nil, unix.EPERM}}, ways: chroots, program: "leave"},
		{name: "trees of mounts", refused: lacks(unix.SYS_MOUNT_SETATTR), ways: mounts, program: "write", want: written},
		{name: "the right to them", refused: []refusal{{unix.SYS_MOUNT_SETATTR, nil, unix.EPERM}}, ways: mounts, err: "restricting "},
		{name: "other roots", refused: append(lacks(unix.SYS_MOUNT_SETATTR), refusal{unix.SYS_UMOUNT2, nil, unix.EIO}), ways: mounts, err: "binding "},
	}
	underWays(t, func(t *testing.T, s sandbox.Spec) {
		for i := range s.Binds {
			s.Binds[i].Recursive = true
		}
		if err := os.Symlink("/proc/self/exe", filepath.Join(s.Root, "bin/again")); err != nil {
			t.Fatal(err)
		}
		for _, tc := range cases {
			if !slices.Contains(tc.ways, s.Way) {
				continue
			}
			t.Run(tc.name, func(t *testing.T) {
				beside(t, s)
				job := underRefusal{Refused: tc.refused, Spec: s, Path: cmp.Or(tc.path, "/bin/program"), Program: cmp.Or(tc.program, "exit 0")}
				err, printed := outcomeUnder(t, job)
				if !strings.HasPrefix(err, cmp.Or(tc.err, "<nil>")) || printed != tc.want {
					t.Errorf("got %s and %q, want %s and %q", err, printed, cmp.Or(tc.err, "<nil>"), tc.want)
				}
				if left := processesOf(s.Root); s.Way == sandbox.Chroot && len(left) > 0 {
					t.Errorf("still running: %v", left)
				}
			})
		}
	})
}

// The error names the folder that a root lacks.
func TestARootHasAPlaceForEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		for _, folder := range []string{"/dev", "/proc", "/data"} {
			if folder == "/proc" && way == sandbox.Chroot {
				continue // it makes one
			}
			s := spec(t, way)
			if err := os.Remove(s.Root + folder); err != nil {
				t.Fatal(err)
			}
			box, err := sandbox.Start(t.Context(), s)
			if err == nil {
				box.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "looking for the place of "+folder) {
				t.Errorf("without %s: got %v", folder, err)
			}
		}
	})
}

// The answer for AsksForItself is not a folder from elsewhere.
func TestAChrootThatCannotAnswerStartsNothing(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Chroot)
	s := spec(t, sandbox.Chroot)
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	if err := errors.Join(os.RemoveAll(s.Root+"/proc"), os.Symlink("/etc", s.Root+"/proc")); err != nil {
		t.Fatal(err)
	}
	_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=exit 0"}, AsksForItself: true}, nil)
	var step *sandbox.Error
	if !errors.As(err, &step) || step.Step != "making /proc/self/exe" {
		t.Errorf("got %v", err)
	}
}
