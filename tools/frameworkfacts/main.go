// Command frameworkfacts writes the facts of two public tables of frameworks for
// the tests of internal/node/startup, which compare them with its own table:
//
//	frameworkfacts -update
//
// The tables are the npm packages @vercel/frameworks and @netlify/build-info, the
// newest ones, from the registry in npm's configuration. `go generate` does not
// run it, since it needs a network; run it before a release.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/tools/internal/step"
)

//go:embed facts.mjs
var script []byte

// tables are the packages.
var tables = []string{"@vercel/frameworks", "@netlify/build-info"}

func main() { step.Main("frameworkfacts", run) }

func run(ctx context.Context, args []string, log io.Writer) (err error) {
	flags := flag.NewFlagSet("frameworkfacts", flag.ContinueOnError)
	update := flags.Bool("update", false, "fetch the tables and write their facts")
	out := flags.String("out", "internal/node/startup/testdata/facts.json", "where to write the facts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !*update {
		return errors.New("nothing to do: -update fetches the tables; go test ./internal/node/startup compares with what was fetched")
	}
	dir, err := os.MkdirTemp("", "frameworkfacts-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for name, text := range map[string][]byte{"package.json": []byte("{}"), "facts.mjs": script} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	install := append([]string{"install", "--ignore-scripts", "--no-audit", "--no-fund"}, tables...)
	if _, err := output(ctx, dir, log, "npm", install...); err != nil {
		return fmt.Errorf("fetching the tables: %w", err)
	}
	facts, err := output(ctx, dir, log, "node", "facts.mjs")
	if err != nil {
		return fmt.Errorf("reading the tables: %w", err)
	}
	if err := wholefile.WriteBytes(*out, facts); err != nil {
		return err
	}
	fmt.Fprintf(log, "wrote %s\n", *out)
	return nil
}

// output returns what a program prints; its errors go to the log.
func output(ctx context.Context, dir string, log io.Writer, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, log
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w", name, args, err)
	}
	return text, nil
}
