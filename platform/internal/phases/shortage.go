//go:build linux

package phases

import (
	"errors"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// shortage is a limit that a program of the build came to, as programs say it:
// the system's words, or its name of the error, beside what was tried.
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

// maxShortage is how many bytes of a line are repeated.
const maxShortage = 300

// shortageIn is the failure that a line speaks of, or nil. It is one only if the
// build fails: programs may try again, and mend it.
func shortageIn(line string) *failure.Failure {
	for _, one := range shortages {
		if one.says.MatchString(line) {
			return one.err(strings.TrimSpace(line[:min(len(line), maxShortage)]))
		}
	}
	return nil
}

// lastShortage is the last shortage that was spoken of, and how many lines ago.
type lastShortage struct {
	failure *failure.Failure
	ago     int
}

// nearEnd is how many lines may follow the one that says why a build fails.
const nearEnd = 200

func (l *lastShortage) look(line string) {
	l.ago++
	if found := shortageIn(line); found != nil {
		l.failure, l.ago = found, 0
	}
}

// decides says whether it is the reason of a build that failed.
func (l *lastShortage) decides() bool { return l.failure != nil && l.ago <= nearEnd }
