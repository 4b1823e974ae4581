// Command supervisor runs an app's start script as the first process of a
// container: it forwards signals, reaps orphans and returns the exit status.
//
//	supervisor [-event NAME] [-pre SCRIPT] [-shell SCRIPT] [-post SCRIPT] -- [ARG…]
//
// Without -shell the arguments are a command and its arguments, and no shell
// is needed. With it the script is run by sh, and the arguments are added to
// its end, each as one word, as `npm run NAME -- ARG…` adds them. -pre is run
// by sh before that, and has to succeed; -post after it, if it succeeded.
//
// Each of these is a process group of its own. Every signal that can be
// caught goes to the whole group. Where one that means an end was forwarded,
// the rest of the group is waited for after its leader: a server behind a
// shell may take its time to close.
//
// The exit status is that of the process that ended it, 128 plus the signal's
// number when a signal did, 126 and 127 as for sh when it could not be
// started, and 64 when the supervisor was called wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Exit statuses that are not a child's.
const (
	statusUsage       = 64
	statusCannotStart = 126
	statusNotFound    = 127
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

// options is what the command line says.
type options struct {
	event            string // npm's name of the script: "start"
	pre, shell, post string // scripts; empty for none
	args             []string
}

func run(args []string, stderr io.Writer) int {
	o, err := parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "supervisor:", err)
		return statusUsage
	}
	s, err := newSupervisor()
	if err != nil {
		fmt.Fprintln(stderr, "supervisor:", err)
		return statusCannotStart
	}
	for _, step := range o.steps() {
		status, err := s.run(step)
		if err != nil {
			fmt.Fprintf(stderr, "supervisor: starting %s: %s\n", step.script, err)
			if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
				return statusNotFound
			}
			return statusCannotStart
		}
		if status != 0 {
			return status
		}
	}
	return 0
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("supervisor", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.event, "event", "start", "")
	flags.StringVar(&o.pre, "pre", "", "")
	flags.StringVar(&o.shell, "shell", "", "")
	flags.StringVar(&o.post, "post", "", "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.args = flags.Args()
	if o.shell == "" && len(o.args) == 0 {
		return options{}, errors.New("there is nothing to start: want -shell SCRIPT, or -- COMMAND")
	}
	return o, nil
}

// step is one command of the sequence.
type step struct {
	event  string   // npm_lifecycle_event
	script string   // npm_lifecycle_script, and how messages name it
	argv   []string // what to start
}

func (o options) steps() []step {
	main := step{event: o.event, argv: o.args}
	if o.shell != "" {
		script := o.shell
		if len(o.args) > 0 {
			script += ` "$@"`
		}
		main.script, main.argv = o.shell, append([]string{"sh", "-c", script, "sh"}, o.args...)
	} else {
		main.script = o.args[0]
	}
	var all []step
	if o.pre != "" {
		all = append(all, hook("pre"+o.event, o.pre))
	}
	all = append(all, main)
	if o.post != "" {
		all = append(all, hook("post"+o.event, o.post))
	}
	return all
}

func hook(event, script string) step {
	return step{event: event, script: script, argv: []string{"sh", "-c", script}}
}
