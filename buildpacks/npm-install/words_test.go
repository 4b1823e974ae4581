package npminstall

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// ended is how a process ends with a status.
func ended(t *testing.T, status string) error {
	t.Helper()
	err := exec.Command("sh", "-c", "exit "+status).Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err
}

func TestLastWords(t *testing.T) {
	for _, row := range []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"the last line", "one\ntwo\n\n", "two"},
		{"what npm announces is nothing", "\n> app@1.0.0 build\n> exit 3\n\n", ""},
		{"npm's report about a script", "why\nnpm error code 3\nnpm error path /workspace\nnpm error command failed\nnpm error command sh -c exit 3\nnpm error A complete log of this run can be found in: /tmp/x\n", "why"},
		{"what npm repeats of a package's script", "npm error command sh -c x\nnpm error sh says why\n", "sh says why"},
		{"that of npm 9", "npm ERR! command sh -c x\nnpm ERR! it says why\n", "it says why"},
		{"that of npm 9 about npm run", "why\nnpm ERR! Lifecycle script `x` failed with error: \nnpm ERR! Error: command failed \nnpm ERR!   in workspace: a@1.0.0 \nnpm ERR!   at location: /workspace/a \n", "why"},
		{"npm's report about npm run", "why\nnpm error Lifecycle script `build` failed with error:\nnpm error code 3\nnpm error workspace app@1.0.0\nnpm error location /workspace\n", "why"},
		{"an exception", "/workspace/a.js:1\nthrow new TypeError('no')\n^\n\nTypeError: no\n    at a.js:1:7\n    at b\n\nNode.js v24.1.0\n", "TypeError: no"},
		{"an exception with details", "Error: no\n    at a.js:1:7 {\n  code: 'X'\n}\n\nNode.js v24.1.0\n", "Error: no"},
		{"the last of two exceptions", "Error: first\nError: second\n", "Error: second"},
		{"colours and other signs for a terminal", "\x1b[31mred\x1b[0m \x1b]0;title\x07word\x08\r\n", "red word"},
		{"bytes that are no text", "caf\xe9\n", "caf?"},
		{"a long line", strings.Repeat("é", 400), strings.Repeat("é", 300) + "…"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := (fault{output: row.output}).lastWords(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestMissingCommand(t *testing.T) {
	for _, row := range []struct{ name, output, status, want string }{
		{"dash", "sh: 1: husky: not found\n", "127", "husky"},
		{"dash by its path", "/bin/sh: 1: husky: not found\n", "127", "husky"},
		{"bash as sh", "sh: line 1: husky: command not found\n", "127", "husky"},
		{"bash", "bash: line 1: husky: command not found\n", "127", "husky"},
		{"busybox", "sh: husky: not found\n", "127", "husky"},
		{"env", "/usr/bin/env: 'tsx': No such file or directory\n", "127", "tsx"},
		{"repeated by npm", "npm error sh: 1: tsc: not found\n", "127", "tsc"},
		{"repeated by npm 9", "npm ERR! sh: 1: tsc: not found\n", "127", "tsc"},
		{"the last of two", "sh: 1: git: not found\nsh: 1: tsc: not found\n", "127", "tsc"},
		{"another status", "sh: 1: husky: not found\n", "1", ""},
		{"no such line", "file not found\n", "127", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := (fault{output: row.output, err: ended(t, row.status)}).missingCommand(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestHostsThatAScriptCouldNotReach(t *testing.T) {
	for _, row := range []struct{ name, output, host string }{
		{"Node.js", "Error: getaddrinfo ENOTFOUND download.cypress.io\n    at x\n", "download.cypress.io"},
		{"Node.js, for now", "getaddrinfo EAI_AGAIN a.example:443\n", "a.example:443"},
		{"node-fetch", "Error: request to https://binaries.prisma.sh/all_commits/x failed, reason: getaddrinfo ENOTFOUND binaries.prisma.sh\n", "binaries.prisma.sh"},
		{"an address", "Error: connect ETIMEDOUT 192.0.2.7:443\n", "192.0.2.7:443"},
		{"curl", "curl: (6) Could not resolve host: a.example\n", "a.example"},
		{"curl, refused", "curl: (7) Failed to connect to a.example port 443 after 3 ms: Could not connect to server\n", "a.example"},
		{"wget", "wget: unable to resolve host address ‘a.example’\n", "a.example"},
		{"git", "fatal: unable to access 'https://a.example/': Could not resolve host: a.example\n", "a.example"},
		{"the last of two", "getaddrinfo ENOTFOUND a.example\ngetaddrinfo ENOTFOUND b.example\n", "b.example"},
		{"a server on this machine", "connect ECONNREFUSED 127.0.0.1:5432\nconnect ECONNREFUSED ::1:5432\ngetaddrinfo ENOTFOUND localhost\n", ""},
		{"long before the end", "getaddrinfo ENOTFOUND telemetry.example\n" + strings.Repeat("more\n", 60) + "Type error\n", ""},
		{"a word", "ENOTFOUND\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ""
			for _, known := range symptoms {
				if found, ok := known.in(row.output); ok {
					if found.ID != "script-host-unreachable" || !found.Transient {
						t.Fatalf("got %v", &found)
					}
					got = strings.TrimPrefix(found.Cause, "it could not reach ")
				}
			}
			if got != row.host {
				t.Errorf("got %q, want %q", got, row.host)
			}
		})
	}
}
