//go:build linux

package phases

import (
	"net"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// checkLoopback is an error where 127.0.0.1 leads nowhere: the lifecycle asks the
// build's registry there. A network of the sandbox's own has it.
func checkLoopback(network sandbox.Network) error {
	if network != sandbox.Host {
		return nil
	}
	conn, err := net.Dial("udp4", "127.0.0.1:1") // looks for the way, and sends nothing
	if err != nil {
		return &failure.Failure{
			ID: "no-loopback", Cause: "127.0.0.1 cannot be reached, where the lifecycle asks for images", Err: err,
			Remedy: "as root: ip link set lo up. A build with --network none has a network of its own.",
		}
	}
	return conn.Close()
}
