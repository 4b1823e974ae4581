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

	"golang.org/x/sys/unix"

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

// A sandbox whose network reaches not even itself is none.
func TestANetworkThatCannotBeRaisedIsAnError(t *testing.T) {
	t.Parallel()
	eachOf(t, mounts, func(t *testing.T, way sandbox.Way) {
		for name, refused := range map[string]refusal{
			"the socket": {unix.SYS_SOCKET, []match{is(0, unix.AF_INET), has(1, unix.SOCK_DGRAM, unix.SOCK_STREAM)}, unix.EIO},
			"the flags":  {unix.SYS_IOCTL, []match{is(1, unix.SIOCSIFFLAGS)}, unix.EIO},
		} {
			s := spec(t, way)
			s.Network = sandbox.None
			got, _ := outcomeUnder(t, underRefusal{Refused: []refusal{refused}, Spec: s, Path: "/bin/program", Program: "exit 0"})
			if want := "raising the loopback interface: input/output error"; got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	})
}
