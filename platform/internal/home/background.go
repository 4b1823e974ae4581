//go:build linux

package home

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// emptier is the argv[0] of the process that empties the trash of the folder in
// its argument, after the call that filled it.
const emptier = "armature-empties-trash"

// emptierTime is the time limit of such a process.
const emptierTime = 10 * time.Minute

// reexec records the call of Reexec. Without that call, the process would run
// main.
var reexec atomic.Bool

// Reexec does the work of a process with that name, and exits. If main does not
// call it first, Finish does nothing.
func Reexec() {
	reexec.Store(true)
	if len(os.Args) != 2 || os.Args[0] != emptier {
		return
	}
	runtime.LockOSThread()                             // the priority belongs to a thread
	syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19)   // lowest priority
	time.AfterFunc(emptierTime, func() { os.Exit(0) }) // even if the disk hangs
	Home{Dir: os.Args[1]}.Empty(context.Background())
	os.Exit(0)
}

// Finish starts another process that empties the trash, and does not wait for it.
// That process inherits none of this one's files. If it cannot be started, the
// next call empties the trash.
func (h Home) Finish() {
	if !reexec.Load() || len(h.trash()) == 0 {
		return
	}
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{emptier, h.Dir}, Dir: "/", Env: []string{}, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	cmd.Start()
}
