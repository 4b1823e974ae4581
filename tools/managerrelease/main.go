// Command managerrelease maintains the table of package managers' releases,
// internal/node/managerreleases/releases.txt, and the part of
// docs/package-managers.md that is made from it.
//
// With -update it asks the npm registry that npm is configured for. A version in
// the table never changes: another checksum for it is an error. Versions that the
// registry no longer has stay. Without -update it only writes the document, and
// needs no network; with -check it writes nothing, and fails if the document is
// not what the table says.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := Run(ctx, os.Args[1:], os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "managerrelease:", err)
		os.Exit(1)
	}
}

// Run runs the command. Messages go to stderr.
func Run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("managerrelease", flag.ContinueOnError)
	flags.SetOutput(stderr)
	table := flags.String("table", "releases.txt", "the `file` with the table")
	document := flags.String("document", "", "a Markdown `file` with a part made from the table")
	update := flags.Bool("update", false, "ask the registry for new releases first")
	check := flags.Bool("check", false, "write nothing; fail when the document is not what the table says")
	registry := flags.String("npm-registry", "", "the `URL` of the npm registry; default: the one npm is configured for")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *update && *check {
		return errors.New("got -update and -check, want one of them")
	}
	text, err := os.ReadFile(*table)
	if err != nil && !(*update && errors.Is(err, os.ErrNotExist)) {
		return err
	}
	known, err := managerreleases.Parse(text)
	if err != nil {
		return err
	}
	if *update {
		if known, err = ask(ctx, *registry, known, stderr); err != nil {
			return err
		}
		text = known.Encode()
		if err := wholefile.WriteBytes(*table, text); err != nil {
			return err
		}
		if known, err = managerreleases.Parse(text); err != nil { // which is sorted
			return err
		}
	}
	if *document == "" {
		return nil
	}
	return render(*document, known, *check)
}

// ask asks the registry for the releases of all managers.
func ask(ctx context.Context, registry string, known managerreleases.Table, stderr io.Writer) (managerreleases.Table, error) {
	if registry == "" {
		output, err := exec.CommandContext(ctx, "npm", "config", "get", "registry").Output()
		if err != nil {
			return nil, fmt.Errorf("asking npm for its registry: %w", err)
		}
		registry = strings.TrimSpace(string(output))
	}
	return Update(ctx, registry, known, stderr)
}
