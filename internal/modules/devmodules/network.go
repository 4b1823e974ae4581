package devmodules

import (
	"os"
	"strconv"
	"strings"
)

// Offline tells whether nothing can be installed: npm is told to do without a
// registry, by an environment of NAME=VALUE, or there is no network.
func Offline(environ []string) bool { return npmIsOffline(environ) || !hasNetwork() }

// npmIsOffline tells whether npm is told to do without a registry.
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

// hasNetwork tells whether this process can reach anything but itself: in a
// network of its own, as --network none of pack and armature gives it, there is
// no way but over the loopback interface. Where nobody can tell there is one.
func hasNetwork() bool {
	four, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return true
	}
	six, _ := os.ReadFile("/proc/net/ipv6_route")
	return routesOut(string(four), string(six))
}

// routesOut reads the kernel's tables of routes: of the first the interface is
// the first word of each line after the heading, of the second the last.
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
