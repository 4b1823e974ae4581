//go:build linux

package sandbox_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestTheListenerIsInTheSandboxesNetwork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, way sandbox.Way) {
		for _, network := range []sandbox.Network{sandbox.Host, sandbox.None} {
			s := spec(t, way)
			s.Network = network
			if way == sandbox.Chroot && network == sandbox.None {
				continue
			}
			var out bytes.Buffer
			s.Stdout = &out
			box, err := sandbox.Start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				conn, err := box.Listener.Accept()
				if err == nil {
					io.WriteString(conn, "hello")
					conn.Close()
				}
			}()
			address := box.Listener.Addr().String()
			_, err = box.Run(t.Context(), sandbox.Command{Args: []string{"/bin/program"}, Env: []string{"PROGRAM=call", "ADDRESS=" + address}}, nil)
			if err != nil || out.String() != "hello" {
				t.Errorf("network %s: got %q, %v", network, out.String(), err)
			}
			box.Close()
		}
	})
}

func TestAnOwnNetworkReachesNothingOfTheHosts(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	each(t, func(t *testing.T, way sandbox.Way) {
		s := spec(t, way)
		s.Network = sandbox.None
		if way == sandbox.Chroot {
			if _, err := sandbox.Start(t.Context(), s); err == nil {
				t.Error("a chroot has no network of its own: got no error")
			}
			return
		}
		if got, _ := run(t, s, "call", "ADDRESS="+listener.Addr().String()); !strings.Contains(got, "refused") {
			t.Errorf("got %q", got)
		}
	})
}

// No other process keeps it open; one that a parallel test starts would, until it
// executes its program.
func TestAListenerThatIsClosedTakesNoConnection(t *testing.T) {
	each(t, func(t *testing.T, way sandbox.Way) {
		box, err := sandbox.Start(t.Context(), spec(t, way))
		if err != nil {
			t.Fatal(err)
		}
		defer box.Close()
		// What the first process does after its answer is done when it takes an order.
		if _, err := box.Run(t.Context(), sandbox.Command{Followed: true}, nil); err != nil {
			t.Fatal(err)
		}
		address := box.Listener.Addr().String()
		if err := box.Listener.Close(); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, %v, want a refusal", conn, err)
		}
	})
}
