package outcome_test

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// ended returns an outcome with an exit status.
func ended(t *testing.T, status string) error {
	t.Helper()
	err := exec.Command("sh", "-c", "exit "+status).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err
}

func TestMissingCommand(t *testing.T) {
	for _, row := range []struct{ name, output, status, want string }{
		{"dash", "sh: 1: husky: not found\n", "127", "husky"},
		{"dash by its path", "/bin/sh: 1: husky: not found\n", "127", "husky"},
		{"bash as sh", "sh: line 1: husky: command not found\n", "127", "husky"},
		{"bash", "bash: line 1: husky: command not found\n", "127", "husky"},
		{"busybox", "sh: husky: not found\n", "127", "husky"},
		{"env", "/usr/bin/env: 'tsx': No such file or directory\n", "127", "tsx"},
		{"the last of two", "sh: 1: git: not found\nsh: 1: tsc: not found\n", "127", "tsc"},
		{"another status", "sh: 1: husky: not found\n", "1", ""},
		{"no such line", "file not found\n", "127", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := (outcome.Outcome{Output: row.output, Err: ended(t, row.status)}).MissingCommand(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestHostsThatAScriptCouldNotReach(t *testing.T) {
	for _, row := range []struct{ name, output, host string }{
		{"Node.js", "Error: getaddrinfo ENOTFOUND download.cypress.io\n    at x\n", "download.cypress.io"},
		{"an inspected error", "[Error: getaddrinfo ENOTFOUND fonts.example] {\n  errno: -3008\n", "fonts.example"},
		{"Node.js, for now", "getaddrinfo EAI_AGAIN a.example:443\n", "a.example:443"},
		{"node-fetch", "Error: request to https://binaries.prisma.sh/all_commits/x failed, reason: getaddrinfo ENOTFOUND binaries.prisma.sh\n", "binaries.prisma.sh"},
		{"an address", "Error: connect ETIMEDOUT 192.0.2.7:443\n", "192.0.2.7:443"},
		{"curl", "curl: (6) Could not resolve host: a.example\n", "a.example"},
		{"curl, refused", "curl: (7) Failed to connect to a.example port 443 after 3 ms: Could not connect to server\n", "a.example"},
		{"wget", "wget: unable to resolve host address ‘a.example’\n", "a.example"},
		{"git", "fatal: unable to access 'https://a.example/': Could not resolve host: a.example\n", "a.example"},
		{"fetch with its address", "Error generating image for https://a.example/b/c.png: TypeError: fetch failed\n  Caused by:\n  fetch failed\n", "a.example"},
		{"fetch without its address", "node:internal/deps/undici\n\nTypeError: fetch failed\n    at node\n", "a host, which it does not name (fetch failed)"},
		{"a connection that is closed", "Socket closed before the connection was established\n  code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION'\n}\nError: The `onCancel` handler was attached after the promise settled.\n", "a host, which it does not name (ERR_SOCKET_CLOSED_BEFORE_CONNECTION)"},
		{"one that is closed later", "Error: Client network socket disconnected before secure TLS connection was established\n", "a host, which it does not name (Client network socket disconnected before secure TLS connection was established)"},
		{"a proxy that refuses", "RequestError: tunneling socket could not be established, statusCode=403\n", "a host, which it does not name (tunneling socket could not be established)"},
		{"a reset", "Error: read ECONNRESET\n    at TLSWrap\n", "a host, which it does not name (read ECONNRESET)"},
		{"a server on this machine that hangs up", "GET http://127.0.0.1:4000/\nError: socket hang up\n", ""},
		{"fetch with its cause", "TypeError: fetch failed\n  [cause]: ConnectTimeoutError: Connect Timeout Error (attempted address: a.example:443, timeout: 10000ms)\n", "a.example:443"},
		{"fonts of Next.js", "next/font: error:\nFailed to fetch `Geist Mono` from Google Fonts.\n", "Google Fonts"},
		{"Go", "Get \"https://a.example/x\": dial tcp: lookup a.example on 10.0.0.2:53: no such host\n", "a.example"},
		{"Rust", "error sending request for url (https://a.example/x): dns error\n", "a.example"},
		{"fetch of this machine", "fetching http://localhost:1337/api: TypeError: fetch failed\n", ""},
		{"fetch of this machine, in its cause", "TypeError: fetch failed\n  [cause]: Error: connect ECONNREFUSED 127.0.0.1:3000\n", ""},
		{"a text about fetch", "warning: if fetch failed before, it is tried again\n", ""},
		{"the last of two", "getaddrinfo ENOTFOUND a.example\ngetaddrinfo ENOTFOUND b.example\n", "b.example"},
		{"a server on this machine", "connect ECONNREFUSED 127.0.0.1:5432\nconnect ECONNREFUSED ::1:5432\ngetaddrinfo ENOTFOUND localhost\n", ""},
		{"long before the end", "getaddrinfo ENOTFOUND telemetry.example\n" + strings.Repeat("more\n", 60) + "Type error\n", ""},
		{"a word", "ENOTFOUND\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ""
			if found := outcome.Find(row.output); found != nil {
				if found.ID != "script-host-unreachable" || !found.Transient {
					t.Fatalf("got %v", found)
				}
				got = strings.TrimPrefix(found.Cause, "it could not reach ")
			}
			if got != row.host {
				t.Errorf("got %q, want %q", got, row.host)
			}
		})
	}
}

func TestHashesThatOpenSSLCallsLegacy(t *testing.T) {
	for _, text := range []string{
		"Error: error:0308010C:digital envelope routines::unsupported\n    at new Hash (node:internal/crypto/hash:79:19)\n",
		"  opensslErrorStack: [ 'error:03000086:digital envelope routines::initialization error' ],\n  code: 'ERR_OSSL_EVP_UNSUPPORTED'\n}\n",
	} {
		if found := outcome.Find(text); found == nil || found.ID != "legacy-hash" || !strings.Contains(found.Remedy, "NODE_OPTIONS=--openssl-legacy-provider") {
			t.Errorf("%q: got %v", text, found)
		}
	}
}

func TestASymptomOfAManagersOwnComesFirst(t *testing.T) {
	own := outcome.Symptom{Words: regexp.MustCompile(`heap (\w+)`), ID: "own", Cause: "the heap is %s", Remedy: "mend %s"}
	const output = "JavaScript heap out of memory"
	if got := outcome.Find(output, own); got == nil || got.ID != "own" || got.Cause != "the heap is out" || got.Remedy != "mend out" {
		t.Errorf("got %v", got)
	}
	if got := outcome.Find(output); got == nil || got.ID != outcome.Memory.ID {
		t.Errorf("got %v", got)
	}
	if got := outcome.Find("all is well"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestWhatWasKilledRanOutOfMemory(t *testing.T) {
	for _, tc := range []struct {
		script, output string
		killed, memory bool
	}{
		{"kill -9 $$", "", true, true},
		{"exit 137", "", true, true},
		{"exit 134", "JavaScript heap out of memory", false, true},
		{"exit 1", "no", false, false},
	} {
		o := outcome.Outcome{Err: exec.Command("sh", "-c", tc.script).Run(), Output: tc.output}
		if o.Killed() != tc.killed || o.RanOutOfMemory() != tc.memory {
			t.Errorf("%s: got %v, %v", tc.script, o.Killed(), o.RanOutOfMemory())
		}
	}
	if o := (outcome.Outcome{Err: exec.ErrNotFound, Output: "ENOMEM"}); o.RanOutOfMemory() || o.Status() != -1 {
		t.Error("what was not started ran out of memory")
	}
}

func TestATailKeepsTheEnd(t *testing.T) {
	var tail outcome.Tail
	for range 300 {
		tail.Write([]byte(strings.Repeat("x", 1023) + "\n"))
	}
	tail.Write([]byte("end"))
	if got := tail.String(); len(got) != 256<<10 || !strings.HasSuffix(got, "x\nend") {
		t.Errorf("got %d bytes", len(got))
	}
}
