//go:build linux

package phases

import (
	"errors"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// shortage is a resource limit that a program of the build reached, as programs
// report it: the system's message, or the error's name, next to the operation.
type shortage struct {
	says *regexp.Regexp
	err  func(said string) *failure.Failure
}

var shortages = []shortage{
	{
		says: regexp.MustCompile(`(?i)\b(fork|vfork|fork/exec|clone|spawn\w*|posix_spawn|exec\w*|pthread_create|uv_thread_create|threads?)\b.{0,200}\b(EAGAIN|resource temporarily unavailable)\b|\bEAGAIN\b.{0,60}\bspawn\b|\bcannot fork\b|failed to create new OS thread`),
		err:  func(said string) *failure.Failure { return sandbox.OutOfProcesses(errors.New(said)) },
	},
	{
		says: regexp.MustCompile(`(?i)\bEMFILE\b|\btoo many open files\b|^runtime: \w+ failed with 24\b`),
		err: func(said string) *failure.Failure {
			return &failure.Failure{ID: "too-many-open-files", Cause: "a program of the build had all the files open that it may have", Err: errors.New(said), Remedy: "let it open fewer at once, or allow more: --max-open-files, ulimit -n."}
		},
	},
	{
		says: regexp.MustCompile(`(?i)\bEFBIG\b|\bSIGXFSZ\b|\bfile too large\b|\bfile size limit exceeded\b`),
		err: func(said string) *failure.Failure {
			return &failure.Failure{ID: "file-too-large", Cause: "a program of the build wrote a file that is larger than it may be", Err: errors.New(said), Remedy: "see what writes it, or allow larger ones: --max-file-size."}
		},
	},
}

// maxShortage is the maximal length of a repeated line, in bytes.
const maxShortage = 300

// shortageIn returns the failure that a line reports, or nil. It matters only if
// the build fails: programs may retry.
func shortageIn(line string) *failure.Failure {
	for _, one := range shortages {
		if one.says.MatchString(line) {
			return one.err(strings.TrimSpace(line[:min(len(line), maxShortage)]))
		}
	}
	return nil
}

// lastShortage is the last reported shortage, and the number of lines since.
type lastShortage struct {
	failure *failure.Failure
	ago     int
}

// nearEnd is the maximal number of lines after the one with the reason.
const nearEnd = 200

func (l *lastShortage) look(line string) {
	l.ago++
	if found := shortageIn(line); found != nil {
		l.failure, l.ago = found, 0
	}
}

// decides reports whether it is the reason of a failed build.
func (l *lastShortage) decides() bool { return l.failure != nil && l.ago <= nearEnd }
