//go:build linux

package sandbox_test

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestTheUserCanOpenItsOutputAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		var out, errs bytes.Buffer
		s := spec(t, way)
		s.Stdout, s.Stderr = &out, &errs
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		for _, followed := range []bool{true, false} {
			if _, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=write again"}, Followed: followed}, nil); err != nil {
				t.Error(err)
			}
		}
		names := "0 1 2"
		if way == sandbox.Chroot {
			names = "1 2"
		}
		if out.String() != strings.Repeat("/dev/stdout\n/proc/1/fd/1\n"+names+" <nil>\n", 2) || errs.String() != strings.Repeat("/dev/stderr\n/proc/1/fd/2\n", 2) {
			t.Errorf("got %q and %q", &out, &errs)
		}
	})
}

// Some groups of the host give access to its disks, or to an engine that makes
// anybody root.
func TestNoneOfTheHostsGroupsIsLeft(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("joining groups takes root")
	}
	before, err := syscall.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Setgroups(before)
	if err := syscall.Setgroups([]int{0, 6, 999}); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, way sandbox.Way) {
		got, _ := run(t, spec(t, way), "privileges")
		if want := "1001:1000 effective 0 permitted 0 inheritable 0 bounding 0 no_new_privs 1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestAFolderInMemoryCanBeWrittenTo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Mkdir(s.Root+"/memory", 0o755); err != nil {
			t.Fatal(err)
		}
		s.Tmpfs = []string{"/memory"}
		if way == sandbox.Chroot {
			if _, err := sandbox.Start(t.Context(), s); err == nil {
				t.Error("a chroot mounts nothing: got no error")
			}
			return
		}
		if got, _ := run(t, s, "memory"); got != "<nil> <nil> true" {
			t.Errorf("got %s", got)
		}
		s.Tmpfs = []string{"/none"}
		if _, err := sandbox.Start(t.Context(), s); err == nil || !strings.Contains(err.Error(), "looking for the place of /none") {
			t.Errorf("without a place for it: got %v", err)
		}
	})
}
