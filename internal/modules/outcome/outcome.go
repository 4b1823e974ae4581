// Package outcome says how a program has ended that a package manager ran, a
// script of a package above all, and what its output tells about why.
package outcome

import (
	"errors"
	"os/exec"
	"regexp"
)

// Outcome is how a program ended badly.
type Outcome struct {
	Err    error  // of the process
	Output string // the last that it printed, see [Tail]
}

// Exit statuses of a shell: for a command that it does not find, and for one
// that was killed.
const (
	missingStatus = 127
	killedStatus  = 128 + 9
)

// Status is the exit status, or -1 where the program did not get that far.
func (o Outcome) Status() int {
	var exit *exec.ExitError
	if errors.As(o.Err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// End says how the program ended: "exit status 2", "signal: killed".
func (o Outcome) End() string { return o.Err.Error() }

// Killed tells whether it was killed, as the kernel does where memory runs out.
func (o Outcome) Killed() bool { return o.Status() == killedStatus || o.End() == "signal: killed" }

// RanOutOfMemory tells whether the program ended as what has no memory left does:
// by itself, or killed by the kernel.
func (o Outcome) RanOutOfMemory() bool {
	var exit *exec.ExitError
	return errors.As(o.Err, &exit) && (o.Killed() || Memory.Words.MatchString(o.Output))
}

// missingCommand is what a shell or env says of a command that it does not find.
var missingCommand = regexp.MustCompile(`(?m)^(?:\S*/)?(?:(?:ba|da)?sh: (?:\d+: |line \d+: )?(\S+): (?:command )?not found|env: [‘'"]?([^\s’'":]+)[’'"]?: No such file)`)

// MissingCommand is the command that a shell, or env, did not find, when that is
// why the program ended; or empty.
func (o Outcome) MissingCommand() string {
	found := missingCommand.FindAllStringSubmatch(o.Output, -1)
	if found == nil || o.Status() != missingStatus {
		return ""
	}
	last := found[len(found)-1]
	return last[1] + last[2]
}

// maxKept is how many bytes of an output are kept to find out why a program
// failed.
const maxKept = 256 << 10

// Tail is a writer that keeps the end of what is written to it, 256 KiB.
type Tail struct{ kept []byte }

func (t *Tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - maxKept; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *Tail) String() string { return string(t.kept) }
