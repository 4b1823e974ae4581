// Package outcome finds out why a program that a package manager ran, such as a
// package's script, failed: from its exit status and its output.
package outcome

import (
	"errors"
	"os/exec"
	"regexp"
)

// Outcome is how a failed program ended.
type Outcome struct {
	Err    error  // from the process
	Output string // its end, see [Tail]
}

// Exit statuses of a shell: command not found, and killed by SIGKILL.
const (
	missingStatus = 127
	killedStatus  = 128 + 9
)

// Status returns the exit status, or -1 if the program did not exit.
func (o Outcome) Status() int {
	var exit *exec.ExitError
	if errors.As(o.Err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// End returns how the program ended: "exit status 2", "signal: killed".
func (o Outcome) End() string { return o.Err.Error() }

// Killed reports whether the program was killed, as the kernel does if memory runs
// out.
func (o Outcome) Killed() bool { return o.Status() == killedStatus || o.End() == "signal: killed" }

// RanOutOfMemory reports whether the program ran out of memory: by its own message,
// or killed by the kernel.
func (o Outcome) RanOutOfMemory() bool {
	var exit *exec.ExitError
	return errors.As(o.Err, &exit) && (o.Killed() || Memory.Words.MatchString(o.Output))
}

// missingCommand matches the message of a shell or env for a missing command.
var missingCommand = regexp.MustCompile(`(?m)^(?:\S*/)?(?:(?:ba|da)?sh: (?:\d+: |line \d+: )?(\S+): (?:command )?not found|env: [‘'"]?([^\s’'":]+)[’'"]?: No such file)`)

// MissingCommand returns the command that a shell or env did not find, if that
// ended the program; or "".
func (o Outcome) MissingCommand() string {
	found := missingCommand.FindAllStringSubmatch(o.Output, -1)
	if found == nil || o.Status() != missingStatus {
		return ""
	}
	last := found[len(found)-1]
	return last[1] + last[2]
}

// maxKept is the number of bytes of output kept to find the cause.
const maxKept = 256 << 10

// Tail is a writer that keeps the last 256 KiB written to it.
type Tail struct{ kept []byte }

func (t *Tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - maxKept; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *Tail) String() string { return string(t.kept) }
