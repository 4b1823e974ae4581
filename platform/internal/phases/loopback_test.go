//go:build linux

package phases

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// offMainThread runs a function on a thread that ends with it. The main thread never
// ends, and would keep what the function did to it: /proc/self is about that one.
func offMainThread(do func()) {
	runtime.LockOSThread()
	if unix.Gettid() != os.Getpid() {
		do()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		do()
	}()
	<-done
	runtime.UnlockOSThread()
}

func TestAHostsNetworkWithoutLoopbackEndsABuildBeforeItBegins(t *testing.T) {
	if err := checkLoopback(sandbox.Host); err != nil {
		t.Errorf("here: got %v", err)
	}
	type outcome struct{ unshared, host, none error }
	got := make(chan outcome)
	go offMainThread(func() {
		o := outcome{unshared: unix.Unshare(unix.CLONE_NEWNET)}
		_, started := Start(t.Context(), Options{Network: sandbox.Host})
		o.host, o.none = started, checkLoopback(sandbox.None)
		got <- o
	})
	o := <-got
	if o.unshared != nil {
		t.Skipf("no network of its own can be made here: %v", o.unshared)
	}
	if !errors.Is(o.host, &failure.Failure{ID: "no-loopback"}) || o.none != nil {
		t.Errorf("got %v, want no-loopback; with a network of the sandbox's own %v", o.host, o.none)
	}
}
