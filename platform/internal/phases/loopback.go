//go:build linux

package phases

import (
	"net"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// checkLoopback returns an error if 127.0.0.1 is unreachable: the build's
// registry listens there. A sandbox with its own network always has it.
func checkLoopback(network sandbox.Network) error {
	if network != sandbox.Host {
		return nil
	}
	conn, err := net.Dial("udp4", "127.0.0.1:1") // a UDP socket finds a route, and sends nothing
	if err != nil {
		return &failure.Failure{
			ID: "no-loopback", Cause: "127.0.0.1 cannot be reached, where the lifecycle asks for images", Err: err,
			Remedy: "as root: ip link set lo up. A build with --network none has a network of its own.",
		}
	}
	return conn.Close()
}
