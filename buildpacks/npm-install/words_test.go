package npminstall

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/outcome"
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
			if got := (fault{Outcome: outcome.Outcome{Output: row.output}}).lastWords(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// What npm repeats of a script tells as much as what the script itself says.
func TestMissingCommandsThatNPMRepeats(t *testing.T) {
	for _, output := range []string{"npm error sh: 1: tsc: not found\n", "npm ERR! sh: 1: tsc: not found\n"} {
		if got := (fault{Outcome: outcome.Outcome{Output: output, Err: ended(t, "127")}}).missingCommand(); got != "tsc" {
			t.Errorf("%s: got %q", output, got)
		}
	}
}

func TestTheLogShowsNoCredentials(t *testing.T) {
	for _, row := range []struct {
		name string
		args []string
		want string
	}{
		{"without any", []string{"ci", "--omit=dev"}, "ci --omit=dev"},
		{"a token", []string{"pack", "git+https://ghp_x@r.example/a.git#1", "--dry-run"}, "pack git+https://r.example/a.git#1 --dry-run"},
		{"signs for a terminal", []string{"pack", "git+ssh://git@r.example/\x1b[31ma.git"}, "pack git+ssh://git@r.example/a.git"},
	} {
		if got := shown(row.args); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
