package devmodules

import (
	"os"
	"strconv"
	"strings"
)

// Offline reports whether nothing can be downloaded: npm's offline setting is in an
// environment of NAME=VALUE, or there is no network.
func Offline(environ []string) bool { return npmIsOffline(environ) || !hasNetwork() }

// npmIsOffline reports whether npm's offline setting is on.
func npmIsOffline(environ []string) bool {
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); strings.EqualFold(name, "npm_config_offline") {
			if offline, err := strconv.ParseBool(value); err == nil && offline {
				return true
			}
		}
	}
	return false
}

// hasNetwork reports whether this process has a network besides loopback: --network
// none of pack and armature gives it a network namespace with loopback only. It is
// true if unknown.
func hasNetwork() bool {
	four, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return true
	}
	six, _ := os.ReadFile("/proc/net/ipv6_route")
	return routesOut(string(four), string(six))
}

// routesOut parses the kernel's routing tables: the interface is the first word of
// each line of the IPv4 table, after a heading, and the last word of the IPv6
// table's.
func routesOut(four, six string) bool {
	_, routes, _ := strings.Cut(four, "\n")
	for line := range strings.Lines(routes) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "lo" {
			return true
		}
	}
	for line := range strings.Lines(six) {
		if words := strings.Fields(line); len(words) > 0 && words[len(words)-1] != "lo" {
			return true
		}
	}
	return false
}
