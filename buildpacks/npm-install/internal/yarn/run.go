package yarn

import (
	"errors"
	"io"
	"os"
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

// run runs Yarn with a HOME of its own and logs its output. It returns how a failed
// call ended, nil for success.
func (m *manager) run(c call) (failed *outcome.Outcome, err error) {
	dir, err := home(c.env.Get("HOME"), c.files)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	m.log.Subprocess("%s", "Running '"+c.String()+"'")
	cmd, err := m.yarn.Command(c.env.With("HOME", dir), c.dir, c.args...)
	if err != nil {
		return nil, err
	}
	output := &outcome.Tail{}
	both := io.MultiWriter(m.log.ActionWriter, output)
	cmd.Stdout, cmd.Stderr = both, both
	start := time.Now()
	left, runErr := program.Run(cmd)
	m.warnOfLeft(left)
	if runErr != nil {
		return &outcome.Outcome{Err: runErr, Output: output.String()}, nil
	}
	m.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
	m.log.Break()
	return nil, nil
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
