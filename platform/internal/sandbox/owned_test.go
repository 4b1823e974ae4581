//go:build linux

package sandbox_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func init() {
	programs["write inside"] = func() { fmt.Print(outcome(os.WriteFile("/inside/new", nil, 0o644))) }
	programs["own"] = func() {
		for _, name := range []string{"mine", "other"} {
			info, err := os.Stat("/data/" + name)
			if err != nil {
				fmt.Println(err)
				return
			}
			stat := info.Sys().(*syscall.Stat_t)
			fmt.Printf("%s %d:%d\n", name, stat.Uid, stat.Gid)
		}
		if err := os.WriteFile("/data/new", nil, 0o644); err != nil {
			fmt.Println(err)
		}
	}
}

// What belongs to the source's owner is the user's inside, and what the user writes
// is the owner's outside.
func TestTheSourcesOwnerIsTheUserInside(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Mounts)
	s := spec(t, sandbox.Mounts)
	data := s.Binds[0].Source
	mapsIDs(t, data)
	s.Binds[0].Owned = true
	slices.Reverse(s.Binds)
	const owner, group = 4321, 4322
	err := errors.Join(os.Chown(data, owner, group), os.WriteFile(data+"/mine", nil, 0o644), os.Chown(data+"/mine", owner, group), os.WriteFile(data+"/other", nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := run(t, s, "own"); got != "mine 1001:1000\nother 65534:65534\n" {
		t.Errorf("inside: got %q", got)
	}
	if got, _ := run(t, s, "mounts"); strings.Count(got, "/data rw,nosuid,nodev") != 2 || strings.Count(got, "/data ") != 2 {
		t.Errorf("inside: got %s, want a plain bind and one above, both closely restricted", got)
	}
	info, err := os.Stat(data + "/new")
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); stat.Uid != owner || stat.Gid != group {
		t.Errorf("outside: got a file of %d:%d, want %d:%d", stat.Uid, stat.Gid, owner, group)
	}
}

// The first process keeps nothing of what it takes to map ids.
func TestWhoMapsIDsKeepsNothingOpen(t *testing.T) {
	need(t, sandbox.Mounts)
	var files []int
	for _, owned := range []bool{false, true} {
		s := spec(t, sandbox.Mounts)
		s.Binds[0].Owned = owned
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := box.Run(t.Context(), sandbox.Command{Followed: true}, nil); err != nil {
			t.Fatal(err)
		}
		all := sandbox.FirstProcesses(os.Getpid())
		if len(all) != 1 {
			t.Fatalf("got the processes %v", all)
		}
		files = append(files, open(all[0]))
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	}
	if files[1] != files[0] {
		t.Errorf("%d files are open, otherwise %d", files[1], files[0])
	}
}

// mapsIDs skips a test where the kernel or the file system of a folder has no
// id-mapped mounts.
func mapsIDs(t *testing.T, dir string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	cat, err := os.StartProcess("/bin/cat", []string{"cat"}, &os.ProcAttr{Files: []*os.File{read}, Sys: &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: 2, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1, HostID: 2, Size: 1}},
	}})
	if err != nil {
		t.Skipf("no user namespace: %v", err)
	}
	defer cat.Wait()
	defer write.Close() // which ends it
	ids, err := os.Open(filepath.Join("/proc", strconv.Itoa(cat.Pid), "ns/user"))
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	tree, err := unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err == nil {
		defer unix.Close(tree)
		err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(ids.Fd())})
	}
	if err != nil {
		t.Skipf("this machine maps no ids of mounts: %v", err)
	}
}

// It is the same folder, and no reason to leave out the next bind.
func TestABindInsideIsTheFolderInside(t *testing.T) {
	t.Parallel()
	eachWithNamespaces(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		if err := os.Mkdir(s.Root+"/inside", 0o755); err != nil {
			t.Fatal(err)
		}
		s.Binds = slices.Insert(s.Binds, 0, sandbox.Bind{Source: "/data", Target: "/inside", Writable: true, Inside: true})
		if got, _ := run(t, s, "write inside"); got != "done" {
			t.Errorf("got %s", got)
		}
		if _, err := os.Stat(s.Binds[1].Source + "/new"); err != nil {
			t.Error(err)
		}
		if got, _ := run(t, s, "mounts"); !strings.Contains("\n"+got, "\n/inside rw,nosuid,nodev") {
			t.Errorf("got %s", got)
		}
	})
}

// A bind of a folder inside is made last, and both of its places must be there, and
// fit.
func TestABindInsideHasTwoPlaces(t *testing.T) {
	t.Parallel()
	need(t, sandbox.Mounts)
	for _, tc := range []struct{ source, target, want string }{{"/none", "/fixed", "looking for the place of /none"}, {"/data", "/nowhere", "looking for the place of /nowhere"}, {"/data", "/bin/program", "binding /data"}} {
		s := spec(t, sandbox.Mounts)
		s.Binds = append(s.Binds, sandbox.Bind{Source: tc.source, Target: tc.target, Writable: true, Inside: true})
		box, err := sandbox.Start(t.Context(), s)
		if err == nil {
			box.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s on %s: got %v, want %q", tc.source, tc.target, err, tc.want)
		}
	}
}
