package outcome

import (
	"regexp"
	"slices"
	"strings"
)

// lastLines is the number of lines that are searched for an unreachable host:
// errors further up were probably not fatal.
const lastLines = 40

// withoutLoopback returns the last lines, without those about a server on this
// machine.
func withoutLoopback(output string) string {
	return strings.Join(slices.DeleteFunc(last(output), loopback.MatchString), "\n")
}

// ofOthers returns the last lines, or nothing if one is about a server on this
// machine: then that is what did not answer.
func ofOthers(output string) string {
	lines := last(output)
	if slices.ContainsFunc(lines, loopback.MatchString) {
		return ""
	}
	return strings.Join(lines, "\n")
}

func last(output string) []string {
	lines := strings.Split(output, "\n")
	return lines[max(0, len(lines)-lastLines):]
}

var loopback = regexp.MustCompile(`\b(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0)\b|(?:^|[\s\[])::1\b`)

// HostUnreachable is the id of the failure of a program that could not reach a host.
const HostUnreachable = "script-host-unreachable"

const unreachableRemedy = "behind a proxy with HTTPS_PROXY, and try again. Many packages that fetch a program say in their documentation " +
	"how to take it from another address, or to do without it: CYPRESS_INSTALL_BINARY=0, PRISMA_ENGINES_MIRROR."

// unreachable is the symptom of a program that could not reach a host, as Node.js,
// curl, wget, git, Python, Go and Rust print it, and those that name the address
// that fetch of Node.js failed for.
var unreachable = Symptom{
	Words: regexp.MustCompile(`getaddrinfo (?:ENOTFOUND|EAI_AGAIN|EAI_FAIL) ([^\s\]),]+)|connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNREFUSED) ([^\s\]),]+)|request to https?://([^/\s]+)\S* failed|` +
		`[Cc]ould not resolve host: (\S+)|[Ff]ailed to connect to (\S+) port|unable to resolve host address [‘'"]?([^\s’'"]+)|Failed to resolve '([^']+)'|` +
		`attempted address(?:es)?: ([^\s,)]+)|dial tcp: lookup ([^\s:]+)|error sending request for url \(https?://([^/\s)]+)|` +
		`https?://([^/\s'"` + "`" + `)]+)[^\n]*\bfetch failed|Failed to fetch [^\n]{1,80} from (Google Fonts)`),
	ID:     HostUnreachable,
	Cause:  "it could not reach %s",
	Remedy: "let the build's network reach %s, " + unreachableRemedy,
	Cut:    withoutLoopback, Transient: true,
}

// unnamed is the symptom of a program that ends with the words of Node.js for a host
// that its message does not have: those of fetch, and of a connection that a firewall
// or a proxy closes before there is one.
var unnamed = Symptom{
	Words: regexp.MustCompile(`(?m)(?:^|TypeError: )\s*(fetch failed)\s*$|\b(ERR_SOCKET_CLOSED_BEFORE_CONNECTION)\b|` +
		`(Client network socket disconnected before secure TLS connection was established)|(tunneling socket could not be established)|Error: (socket hang up|read ECONNRESET)`),
	ID:     HostUnreachable,
	Cause:  "it could not reach a host, which it does not name (%s)",
	Remedy: "look in the app and in its output for the addresses that it fetches, and let the build's network reach them, " + unreachableRemedy,
	Cut:    ofOthers, Transient: true,
}
