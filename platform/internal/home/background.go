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

// emptier is what a process is called that empties the trash of the folder that
// its argument names, when the call has ended that left something there.
const emptier = "armature-empties-trash"

// emptierTime is how long such a process may be at it.
const emptierTime = 10 * time.Minute

// reexec says whether Reexec was called. Where it was not, the process would do
// again whatever this one does.
var reexec atomic.Bool

// Reexec does what a process of that name is for, and ends it. Without it, in the
// beginning of a program, Finish does nothing.
func Reexec() {
	reexec.Store(true)
	if len(os.Args) != 2 || os.Args[0] != emptier {
		return
	}
	runtime.LockOSThread()                           // the priority is a thread's
	syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) // others go before
	ctx, cancel := context.WithTimeout(context.Background(), emptierTime)
	defer cancel()
	time.AfterFunc(emptierTime, func() { os.Exit(0) }) // whatever the disk does
	Home{Dir: os.Args[1]}.Empty(ctx)
	os.Exit(0)
}

// Finish has what is in the trash removed by another process, which nobody waits
// for: it holds none of this one's files. Where none can be started, the next call
// removes it.
func (h Home) Finish() {
	if !reexec.Load() || len(h.trash()) == 0 {
		return
	}
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{emptier, h.Dir}, Dir: "/", Env: []string{}, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if cmd.Start() == nil {
		cmd.Process.Release()
	}
}
