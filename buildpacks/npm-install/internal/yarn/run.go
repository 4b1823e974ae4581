package yarn

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/program"
)

// call is a call of Yarn.
type call struct {
	dir   string            // where it runs
	env   environ.List      // without HOME
	files map[string]string // of its HOME, by name
	args  []string
	shown string // in place of "yarn" and the arguments, in the log and in messages; or empty
}

func (c call) String() string {
	if c.shown != "" {
		return c.shown
	}
	return "yarn " + strings.Join(c.args, " ")
}

// run runs Yarn with a HOME of its own and logs its output. It returns how the call
// ended; its Err is nil for success.
func (m *manager) run(c call) (ended outcome.Outcome, err error) {
	dir, err := home(c.env.Get("HOME"), c.files)
	if err != nil {
		return ended, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	m.log.Subprocess("%s", "Running '"+c.String()+"'")
	cmd, err := m.yarn.Command(c.env.With("HOME", dir), c.dir, c.args...)
	if err != nil {
		return ended, err
	}
	output := &outcome.Tail{}
	shown := &quiet{to: m.log.ActionWriter}
	both := io.MultiWriter(shown, output)
	cmd.Stdout, cmd.Stderr = both, both
	start := time.Now()
	left, runErr := program.Run(cmd)
	shown.flush()
	m.warnOfLeft(left)
	if runErr == nil {
		m.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
		m.log.Break()
	}
	return outcome.Outcome{Err: runErr, Output: output.String()}, nil
}

// needless matches lines of Yarn about what this package lets it do: install without
// scripts, for another platform, and not everything.
var needless = regexp.MustCompile(`YN0077|YN0085|^warning Ignored scripts due to flag`)

// quiet writes whole lines, without needless ones.
type quiet struct {
	to   io.Writer
	rest []byte
}

func (q *quiet) Write(b []byte) (int, error) {
	q.rest = append(q.rest, b...)
	for {
		line, rest, found := bytes.Cut(q.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		if !needless.Match(line) {
			if _, err := q.to.Write(append(bytes.Clone(line), '\n')); err != nil {
				return 0, err
			}
		}
		q.rest = rest
	}
}

// flush writes what has no line end.
func (q *quiet) flush() {
	if len(q.rest) > 0 {
		_, _ = q.to.Write(append(q.rest, '\n'))
	}
	q.rest = nil
}

// warnOfLeft names the processes that a script left behind: they were ended before
// they had finished.
func (m *manager) warnOfLeft(left []program.Process) {
	if len(left) == 0 {
		return
	}
	m.log.Action("WARNING: [process-left-behind] ended what a script has left running: %s", program.Names(left))
	m.log.Detail("Only what a script waits for is done before the next step, and nothing that it starts goes on in the app image.")
	m.log.Detail("Where it does a part of the build, let the script wait for it: `wait` in a shell.")
}
