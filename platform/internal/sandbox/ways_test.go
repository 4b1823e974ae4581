//go:build linux

package sandbox_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// each runs a test in every way that works here, and logs why another does not.
func each(t *testing.T, test func(t *testing.T, way sandbox.Way)) {
	eachOf(t, sandbox.Ways(), test)
}

// eachWithNamespaces runs a test in every way but the chroot, which has no
// namespaces and mounts nothing.
func eachWithNamespaces(t *testing.T, test func(t *testing.T, way sandbox.Way)) {
	eachOf(t, slices.DeleteFunc(sandbox.Ways(), func(way sandbox.Way) bool { return way == sandbox.Chroot }), test)
}

func eachOf(t *testing.T, ways []sandbox.Way, test func(t *testing.T, way sandbox.Way)) {
	tier.Sandbox(t)
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			need(t, way)
			test(t, way)
		})
	}
}

// works are the ways that were tried and work here.
var works sync.Map

// need skips a test if this machine refuses a way. It fails if the machine, asked
// without a sandbox, allows everything that the way needs.
func need(t *testing.T, way sandbox.Way) {
	t.Helper()
	tier.Sandbox(t)
	if _, known := works.Load(way); known {
		return
	}
	err := sandbox.Try(t.Context(), way, t.TempDir())
	if err == nil {
		works.Store(way, true)
		return
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PROGRAM=" + string(way), "DIR=" + t.TempDir()}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if way != sandbox.Chroot {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	}
	if way == sandbox.Users {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	if out, refused := cmd.CombinedOutput(); refused != nil {
		t.Skipf("this machine refuses it: %v: %s", refused, out)
	}
	t.Fatalf("this machine allows a %s, and there is no sandbox: %v", way, err)
}

// spec returns a root file system with this test's executable, a writable /data
// and a read-only /fixed.
func spec(t *testing.T, way sandbox.Way) sandbox.Spec {
	t.Helper()
	tier.Sandbox(t)
	dir := t.TempDir()
	os.Chmod(dir, 0o755)
	s := sandbox.Spec{
		Way: way, Root: filepath.Join(dir, "root"), MountPoint: filepath.Join(dir, "point"),
		User: 1001, Group: 1000, Hostname: "inside", Network: sandbox.Host,
		Binds: []sandbox.Bind{
			{Source: filepath.Join(dir, "host/data"), Target: "/data", Writable: true},
			{Source: filepath.Join(dir, "host/fixed"), Target: "/fixed"},
		},
	}
	for _, folder := range []string{"root/proc", "root/dev", "root/data", "root/fixed", "root/bin", "point", "host/data", "host/fixed"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(dir, "host"), 0o700)
	if os.Geteuid() == 0 {
		if err := os.Chown(s.Binds[0].Source, s.User, s.Group); err != nil {
			t.Fatal(err)
		}
	}
	install(t, s.Root)
	return s
}

// run runs one of programs and returns its output and how it ended.
func run(t *testing.T, s sandbox.Spec, program string, env ...string) (string, sandbox.Status) {
	t.Helper()
	var out bytes.Buffer
	s.Stdout, s.Stderr = &out, &out
	box, err := sandbox.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	status, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: append(env, "PROGRAM="+program)}, nil)
	if err != nil {
		t.Error(err)
	}
	if err := box.Close(); err != nil {
		t.Error(err)
	}
	return out.String(), status
}
