// Command supervisor runs an app's start script as the first process of a
// container: it forwards signals, reaps orphans and returns the exit status.
//
//	supervisor [-event NAME] [-pre SCRIPT] [-shell SCRIPT] [-post SCRIPT] -- [ARG…]
//
// Without -shell the arguments are optional variables (NAME=VALUE), a command and
// its arguments, and no shell is needed. With -shell, sh runs the script; the
// arguments are appended to it, each as one word, as `npm run NAME -- ARG…` does,
// or replace "$@" if the script has that. -pre runs before it and must succeed;
// -post runs after it, if it succeeded. sh runs these two, unless they are one
// plain command.
//
// Each of these has its own process group. Every signal that can be caught goes
// to the whole group. After a forwarded signal that asks it to end, the
// supervisor waits for the rest of the group after its leader: a server behind a
// shell may take its time to close. The script's shell waits for the server, too,
// and ends with its status; the script's further commands do not run then. A
// script is not started either if its -pre got such a signal.
//
// The exit status is that of the process that ended the sequence, 128 plus the
// signal's number if a signal did, 126 and 127 as for sh if it could not be
// started, and 64 if the supervisor was called with invalid arguments.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
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

// options is the parsed command line.
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
			fmt.Fprintf(stderr, "supervisor: cannot start %q\n%s\n", step.script, err)
			if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
				return statusNotFound
			}
			return statusCannotStart
		}
		if status == 0 && step.before && s.ended != nil { // the container is ending
			status = signalled(s.ended)
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
	if _, argv := command.Variables(o.args); o.shell == "" && len(argv) == 0 {
		return options{}, errors.New("there is nothing to start: want -shell SCRIPT, or -- COMMAND")
	}
	return o, nil
}

// step is one command of the sequence.
type step struct {
	event     string   // npm_lifecycle_event
	script    string   // npm_lifecycle_script, and its name in messages
	variables []string // NAME=VALUE
	argv      []string // the command
	before    bool     // it runs before the script
}

func (o options) steps() []step {
	main := step{event: o.event}
	if o.shell != "" {
		script := command.Patient(o.shell)
		if len(o.args) > 0 && !strings.Contains(o.shell, "$@") {
			script += ` "$@"`
		}
		main.script, main.argv = o.shell, append([]string{command.Shell, "-c", script, command.Shell}, o.args...)
	} else {
		main.variables, main.argv = command.Variables(o.args)
		main.script = command.Quote(o.args)
	}
	var all []step
	if o.pre != "" {
		pre := hook("pre"+o.event, o.pre)
		pre.before = true
		all = append(all, pre)
	}
	all = append(all, main)
	if o.post != "" {
		all = append(all, hook("post"+o.event, o.post))
	}
	return all
}

func hook(event, script string) step {
	if words, plain := command.Split(script); plain {
		variables, argv := command.Variables(words)
		return step{event: event, script: script, variables: variables, argv: argv}
	}
	return step{event: event, script: script, argv: []string{command.Shell, "-c", script}}
}
