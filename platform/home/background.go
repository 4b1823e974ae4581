//go:build linux

package home

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// emptier is what a process is called that empties the trash of the folder that
// its argument names, when the call has ended that left something there.
const emptier = "armature-empties-trash"

// emptierTime is how long such a process may be at it.
const emptierTime = 10 * time.Minute

// Reexec does what a process of that name is for, and ends it. A program that
// calls Finish calls it first of all.
func Reexec() {
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

// opened are the homes that this process has opened.
var opened sync.Map

// Finish has what this process left in the trash removed when it is gone, by
// another one that nobody waits for: it holds none of this one's files. Where
// none can be started, the next call removes it.
func Finish() {
	opened.Range(func(dir, _ any) bool {
		if h := (Home{Dir: dir.(string)}); len(h.trash()) > 0 {
			cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{emptier, h.Dir}, Dir: "/", Env: []string{}, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
			if cmd.Start() == nil {
				cmd.Process.Release()
			}
		}
		return true
	})
}
