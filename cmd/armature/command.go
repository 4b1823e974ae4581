//go:build linux

package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// The long texts of help, one for each command: NAME.txt.
//
//go:embed help
var helpTexts embed.FS

func longHelp(command string) string {
	text, err := helpTexts.ReadFile("help/" + command + ".txt")
	if err != nil {
		panic(err) // there is always a file
	}
	return strings.TrimSpace(string(text))
}

// root returns armature with all its commands, in the order of help.
func (p *program) root() *cobra.Command {
	cobra.EnableCommandSorting = false
	root := &cobra.Command{
		Use: "armature", Short: "makes container images of Node.js apps, without a container engine",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs, // an unknown command is an argument
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return unknownCommand(c, args[0])
		},
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetHelpFunc(help)
	root.SetHelpCommand(helpCommand())
	root.SetFlagErrorFunc(badFlag)
	root.AddCommand(buildCommand(p), planCommand(p), initCommand(p), testCommand(p), devCommand(p), runCommand(p), inspectCommand(p), rebaseCommand(p), pruneCommand(p), doctorCommand(p), versionCommand(p))
	root.InitDefaultCompletionCmd()
	return root
}

func (p *program) run(ctx context.Context, args []string) error {
	root := p.root()
	root.SetArgs(append([]string{}, args...))
	return root.ExecuteContext(ctx)
}

// newCommand returns a command: use is its name and arguments, most the maximal
// number of arguments, or negative for any number.
func newCommand(use, short, long string, most int, run func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, DisableFlagsInUseLine: true,
		Args: func(c *cobra.Command, args []string) error {
			if most < 0 || len(args) <= most {
				return nil
			}
			return badCall(c, fmt.Errorf("got %q, want armature %s", args, use))
		},
		RunE: func(c *cobra.Command, args []string) error { return run(c.Context(), args) },
	}
}

func versionCommand(p *program) *cobra.Command {
	return newCommand("version", "says which release this is", "Prints the release.", 0, func(context.Context, []string) error {
		_, err := fmt.Fprintln(p.stdout, version)
		return err
	})
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "tells more about a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(c.Root(), args[len(args)-1])
			}
			return about.Help()
		},
	}
}

func unknownCommand(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return &usageError{fmt.Sprintf("unknown command %q%s\narmature help lists the commands", name, meant(name, "", names))}
}

// badCall returns the error for a command's invalid arguments.
func badCall(c *cobra.Command, err error) error {
	return &usageError{fmt.Sprintf("%s: %s\n%s --help says what there is", c.Name(), err, c.CommandPath())}
}

// badFlag is [badCall] for flags; it suggests the nearest flag for an unknown one.
func badFlag(c *cobra.Command, err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "unknown ") { // "unknown flag: --tga", "unknown shorthand flag: 't' in -tag=x"
		given, _, _ := strings.Cut(text[strings.LastIndex(text, " ")+1:], "=")
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		err = fmt.Errorf("there is no flag %s%s", given, meant(strings.TrimLeft(given, "-"), "--", names))
	}
	return badCall(c, err)
}

// meant suggests the nearest of some names for a word, or returns "" if none is
// near.
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
	return fmt.Sprintf("; did you mean %s%s?", prefix, best)
}

// help prints the list of commands, or a command's usage.
func help(c *cobra.Command, _ []string) {
	if c.HasParent() {
		usage(c.OutOrStdout(), c)
		return
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "armature %s.\n\n", c.Short)
	for _, one := range c.Commands() {
		if one.IsAvailableCommand() {
			fmt.Fprintf(out, "  armature %-10s %s\n", one.Name(), one.Short)
		}
	}
	fmt.Fprintf(out, "\narmature COMMAND --help tells more about one.\n")
}

// usage prints a command's help.
func usage(out io.Writer, c *cobra.Command) {
	var flags strings.Builder
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + value)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			text += " (" + f.DefValue + ")"
		}
		fmt.Fprintf(&flags, "  %-26s %s\n", name, text)
	})
	call, args, _ := strings.Cut(c.Use, " ")
	call = strings.TrimSuffix(c.CommandPath(), c.Name()) + call
	if flags.Len() > 0 {
		call += " [FLAG...]"
	}
	long := c.Long
	if long == "" {
		long = c.Short
	}
	fmt.Fprintf(out, "Usage: %s\n\n%s\n", strings.TrimSpace(call+" "+args), long)
	for _, one := range c.Commands() {
		fmt.Fprintf(out, "  %-26s %s\n", one.CommandPath(), one.Short)
	}
	if flags.Len() > 0 {
		fmt.Fprintf(out, "\nFlags:\n%s", &flags)
	}
}

// choices sets a flag's shell completions.
func choices(c *cobra.Command, flag string, values ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag always exists
	}
}

// list is a repeatable flag.
type list []string

func (l *list) String() string { return "" }
func (l *list) Type() string   { return "value" }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
