//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// command is one of armature's.
type command struct {
	name  string
	args  string // what it takes besides flags: "[PATH]"
	max   int    // how many of these at most; any number when negative
	short string // one line
	long  string // what else there is to know

	// flags defines the command's flags and returns what runs it.
	flags func(*flag.FlagSet) func(ctx context.Context, p *program, args []string) error
}

// commands in the order of help.
func commands() []command {
	return []command{buildCommand(), runCommand(), inspectCommand(), rebaseCommand(), pruneCommand(), doctorCommand(), versionCommand()}
}

func versionCommand() command {
	return command{
		name: "version", short: "says which release this is", long: "Prints the release.",
		flags: func(*flag.FlagSet) func(context.Context, *program, []string) error {
			return func(_ context.Context, p *program, _ []string) error {
				_, err := fmt.Fprintln(p.stdout, version)
				return err
			}
		},
	}
}

func (p *program) run(ctx context.Context, args []string) error {
	if len(args) == 0 || isHelp(args[0]) {
		return p.help(args)
	}
	at := slices.IndexFunc(commands(), func(c command) bool { return c.name == args[0] })
	if at < 0 {
		var names []string
		for _, c := range commands() {
			names = append(names, c.name)
		}
		return &usageError{fmt.Sprintf("unknown command %q%s: armature help lists those there are", args[0], meant(args[0], "", append(names, "help")))}
	}
	c := commands()[at]
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	run := c.flags(set)
	rest, err := parse(set, args[1:])
	err = suggesting(err, set)
	if errors.Is(err, flag.ErrHelp) {
		c.usage(p.stdout)
		return nil
	}
	if err == nil && c.max >= 0 && len(rest) > c.max {
		err = fmt.Errorf("got %q, want %s", rest, strings.TrimSpace("armature "+c.name+" "+c.args))
	}
	if err != nil {
		return &usageError{fmt.Sprintf("%s: %s\narmature %s --help says what there is", c.name, err, c.name)}
	}
	return run(ctx, p, rest)
}

// meant asks whether somebody who wrote a word meant the nearest of some names, or
// is "" where none is near.
func meant(word, prefix string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if d := settings.Distance(word, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; is %s%s meant?", prefix, best)
}

// unknownFlag is what package flag says of a flag that there is not.
const unknownFlag = "flag provided but not defined: -"

// suggesting is an error of flags; that of an unknown one names the nearest.
func suggesting(err error, set *flag.FlagSet) error {
	if err == nil {
		return nil
	}
	name, unknown := strings.CutPrefix(err.Error(), unknownFlag)
	if !unknown {
		return err
	}
	name = strings.TrimPrefix(name, "-")
	var names []string
	set.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return fmt.Errorf("there is no flag --%s%s", name, meant(name, "--", names))
}

func isHelp(word string) bool { return word == "help" || word == "--help" || word == "-h" }

// help prints the list of commands, or one of them.
func (p *program) help(args []string) error {
	if len(args) > 1 {
		return p.run(context.Background(), []string{args[1], "--help"})
	}
	fmt.Fprintf(p.stdout, "armature makes container images of Node.js apps, without a container engine.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(p.stdout, "  armature %-10s %s\n", c.name, c.short)
	}
	fmt.Fprintf(p.stdout, "\narmature COMMAND --help tells more about one.\n")
	return nil
}

// parse reads flags wherever they stand, and returns the other arguments. After
// -- nothing is a flag.
func parse(set *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := set.Parse(args); err != nil {
			return nil, err
		}
		read := args[:len(args)-set.NArg()]
		args = set.Args()
		if len(args) == 0 {
			return rest, nil
		}
		if len(read) > 0 && read[len(read)-1] == "--" {
			return append(rest, args...), nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// usage prints what there is to know about a command.
func (c command) usage(out io.Writer) {
	set := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.flags(set)
	var flags strings.Builder
	set.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + value)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			text += " (" + f.DefValue + ")"
		}
		fmt.Fprintf(&flags, "  %-26s %s\n", name, text)
	})
	call := "armature " + c.name
	if flags.Len() > 0 {
		call += " [FLAG...]"
	}
	fmt.Fprintf(out, "Usage: %s\n\n%s\n", strings.TrimSpace(call+" "+c.args), c.long)
	if flags.Len() > 0 {
		fmt.Fprintf(out, "\nFlags:\n%s", &flags)
	}
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return "" }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
