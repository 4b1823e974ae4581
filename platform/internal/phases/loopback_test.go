//go:build linux

package phases

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestAHostsNetworkWithoutLoopbackEndsABuildBeforeItBegins(t *testing.T) {
	if err := checkLoopback(sandbox.Host); err != nil {
		t.Errorf("here: got %v", err)
	}
	type outcome struct{ unshared, host, none error }
	got := make(chan outcome)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with its network
		o := outcome{unshared: unix.Unshare(unix.CLONE_NEWNET)}
		_, started := Start(t.Context(), Options{Network: sandbox.Host})
		o.host, o.none = started, checkLoopback(sandbox.None)
		got <- o
	}()
	o := <-got
	if o.unshared != nil {
		t.Skipf("no network of its own can be made here: %v", o.unshared)
	}
	if !errors.Is(o.host, &failure.Failure{ID: "no-loopback"}) || o.none != nil {
		t.Errorf("got %v, want no-loopback; with a network of the sandbox's own %v", o.host, o.none)
	}
}
