//go:build linux

package sandbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// open counts a process's open files; negative if they cannot be read.
func open(pid int) int {
	list, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "fd"))
	if err != nil {
		return -1
	}
	return len(list)
}

// The first process has what it needs and reveals nothing of the host.
func TestTheFirstProcessHasNothingOfTheCallers(t *testing.T) {
	t.Setenv("SECRET", "canary")
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		s.Stdout, s.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		all := sandbox.FirstProcesses(os.Getpid())
		if len(all) != 1 {
			t.Fatalf("got the processes %v", all)
		}
		dir := filepath.Join("/proc", strconv.Itoa(all[0]))
		if name, err := os.ReadFile(dir + "/comm"); err != nil || string(name) != "armature-sandbo\n" {
			t.Errorf("it is called %q, %v", name, err)
		}
		if line, err := os.ReadFile(dir + "/cmdline"); err != nil || string(line) != "armature-sandbox\x00" {
			t.Errorf("its arguments are %q, %v", line, err)
		}
		if env, err := os.ReadFile(dir + "/environ"); err == nil && len(env) > 0 {
			t.Errorf("its environment is %q", env)
		}
		var before int
		for i := range 3 {
			if _, err := box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=exit 0"}, Followed: true}, nil); err != nil {
				t.Fatal(err)
			}
			if now := open(all[0]); i > 0 && now != before {
				t.Errorf("after program %d it has %d files open, before %d", i+1, now, before)
			}
			before = open(all[0])
		}
	})
}

func TestACallerKeepsNothingOfASandbox(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		once := func(network sandbox.Network, program string) {
			s := spec(t, way)
			s.Network, s.Stdout, s.Stderr = network, &bytes.Buffer{}, &bytes.Buffer{}
			box, err := sandbox.Start(t.Context(), s)
			if err != nil {
				return // in a way that cannot have the network
			}
			box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/" + program}, Env: []string{"PROGRAM=exit 0"}}, nil)
			if err := box.Close(); err != nil {
				t.Error(err)
			}
		}
		once(sandbox.Host, "program") // permanent ones
		runtime.GC()
		files, routines := open(os.Getpid()), runtime.NumGoroutine()
		once(sandbox.Host, "program")
		once(sandbox.Host, "nowhere")
		once("of another kind", "program")
		once(sandbox.None, "program")
		if now := open(os.Getpid()); now > files {
			t.Errorf("%d files are open, before %d", now, files)
		}
		if err := waitFor(func() bool { return runtime.NumGoroutine() <= routines }); err != nil {
			t.Errorf("%d goroutines are left, before %d", runtime.NumGoroutine(), routines)
		}
		if left := sandbox.FirstProcesses(os.Getpid()); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
	})
}

func TestATryLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		dir := t.TempDir()
		runtime.GC()
		files := open(os.Getpid())
		for range 2 {
			if err := sandbox.Try(t.Context(), way, dir); err != nil {
				t.Fatal(err)
			}
		}
		if now := open(os.Getpid()); now > files { // without a pause, in which the garbage collector would close some
			t.Errorf("%d files are open, before %d", now, files)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// Cancelling its context also ends a sandbox that runs nothing.
func TestClosingASandboxThatRunsNothingEndsIt(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		box, err := sandbox.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("it took %s", took)
		}
		if _, err := os.Lstat(s.Binds[0].Source); err != nil {
			t.Error(err)
		}
	})
}
