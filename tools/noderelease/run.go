package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// settings are the flags, and the files they point at.
type settings struct {
	dir                       string
	update, check, prune      bool
	elf, elfArchives          bool
	checkELF                  bool
	runImages                 []string // OCI layout folders
	tables                    []string // documents with a table
	index, schedule, dist     string
	keys, registry            string
	cache                     string
	jobs                      int
	timeout, tarball, backoff time.Duration
	policyFile, signersFile   string

	policy  Policy
	signers []Signer
	stderr  io.Writer
}

func (s *settings) lockPath() string      { return filepath.Join(s.dir, "releases.lock.json") }
func (s *settings) buildpackPath() string { return filepath.Join(s.dir, "buildpack.toml") }

// Run runs the command: it renders; with -update it fetches and verifies first;
// with -check it compares and writes nothing. Messages go to stderr; stdout is
// for a mode's output.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	s, err := parseFlags(args, getenv, stderr)
	if err != nil {
		return err
	}
	lock, err := ReadLock(s.lockPath())
	if err != nil {
		return err
	}
	switch {
	case s.checkELF:
		return checkELF(s, lock)
	case s.check:
		return checkStale(s, lock)
	case s.update:
		lock, err = update(ctx, s, lock)
		if lock == nil {
			return err
		}
	}
	return errors.Join(err, render(s, lock))
}

func parseFlags(args []string, getenv func(string) string, stderr io.Writer) (*settings, error) {
	s := &settings{stderr: stderr}
	flags := flag.NewFlagSet("noderelease", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.dir, "dir", ".", "the `folder` with buildpack.toml and releases.lock.json")
	flags.BoolVar(&s.check, "check", false, "write nothing; fail when buildpack.toml is not what the lock file says")
	flags.BoolVar(&s.update, "update", false, "fetch and verify releases, and write the lock file first")
	flags.BoolVar(&s.prune, "prune", false, "with -update: remove what is locked but gone upstream")
	flags.BoolVar(&s.elf, "elf", false, "with -update: download the npm packages of Node.js that were not looked at yet, and lock what they need to start")
	flags.BoolVar(&s.elfArchives, "elf-archives", false, "with -elf: look into nodejs.org's archive, below -dist, where there is no npm package")
	flags.BoolVar(&s.checkELF, "check-elf", false, "write nothing; fail when a locked version would not start on a -run-image")
	flags.Func("run-image", "with -check-elf: a `folder` with an image in OCI layout; at least once for each target", appendTo(&s.runImages))
	flags.Func("table", "a Markdown `file` that has the table of releases, to keep along with buildpack.toml; any number", appendTo(&s.tables))
	source := func(into *string, name, env, otherwise, usage string) {
		if v := getenv(env); v != "" {
			otherwise = v
		}
		flags.StringVar(into, name, otherwise, usage+" (`URL` or folder; also $"+env+")")
	}
	source(&s.dist, "dist", "NODERELEASE_DIST", Dist, "the folder that has vX.Y.Z/SHASUMS256.txt.asc")
	source(&s.index, "index", "NODERELEASE_INDEX", "", "the release index; default: index.json below -dist")
	source(&s.schedule, "schedule", "NODERELEASE_SCHEDULE", "https://raw.githubusercontent.com/nodejs/Release/main/schedule.json", "the release schedule")
	source(&s.keys, "keys", "NODERELEASE_KEYS", "https://raw.githubusercontent.com/nodejs/release-keys/main/keys", "the folder that has FINGERPRINT.asc")
	source(&s.registry, "npm-registry", "NODERELEASE_NPM_REGISTRY", "", "the npm registry; default: the one npm is configured for")
	flags.StringVar(&s.cache, "cache", "", "the `folder` to keep answers in (default: noderelease in the user's cache folder; \"none\" for none)")
	flags.IntVar(&s.jobs, "jobs", 8, "how many files to fetch at once")
	flags.DurationVar(&s.timeout, "timeout", 30*time.Second, "for one request, its answer included")
	flags.DurationVar(&s.tarball, "tarball-timeout", 10*time.Minute, "with -elf: for one package or archive")
	flags.DurationVar(&s.backoff, "backoff", 500*time.Millisecond, "before the first retry; doubles with each")
	flags.StringVar(&s.policyFile, "policy", "", "a `file` instead of the policy built in")
	flags.StringVar(&s.signersFile, "signers", "", "a `file` instead of the list of release keys built in")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("got the argument %q, want flags only", flags.Arg(0))
	}
	if s.index == "" {
		s.index = At(s.dist, "index.json")
	}
	return s, s.readPolicy()
}

func appendTo(list *[]string) func(string) error {
	return func(one string) error {
		*list = append(*list, one)
		return nil
	}
}

func (s *settings) readPolicy() error {
	text, err := fileOr(s.policyFile, defaultPolicy)
	if err != nil {
		return err
	}
	if s.policy, err = ParsePolicy(text); err != nil {
		return err
	}
	if text, err = fileOr(s.signersFile, defaultKeys); err != nil {
		return err
	}
	s.signers, err = ParseSigners(text)
	return err
}

// generated is a file with a generated part.
type generated struct {
	path      string
	was, want []byte
}

// render writes the generated parts that have changed.
func render(s *settings, lock *Lock) error {
	files, err := rendered(s, lock)
	if err != nil {
		return err
	}
	for _, f := range files {
		if bytes.Equal(f.was, f.want) {
			continue
		}
		if err := writeFile(f.path, f.want); err != nil {
			return err
		}
	}
	return nil
}

// rendered returns buildpack.toml and the documents with a table, with their
// current and their expected content.
func rendered(s *settings, lock *Lock) ([]generated, error) {
	if len(lock.Releases) == 0 {
		return nil, fmt.Errorf("%s has no release: make one with -update", s.lockPath())
	}
	files := []generated{{path: s.buildpackPath()}}
	for _, document := range s.tables {
		files = append(files, generated{path: document})
	}
	for i := range files {
		f := &files[i]
		var err error
		if f.was, err = os.ReadFile(f.path); err != nil {
			return nil, err
		}
		if i == 0 {
			f.want, err = Splice(f.was, Render(s.policy, lock))
		} else {
			f.want, err = SpliceTable(f.was, Table(s.policy, lock))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return files, nil
}

// checkStale fails if a generated part differs from the lock file.
func checkStale(s *settings, lock *Lock) error {
	files, err := rendered(s, lock)
	if err != nil {
		return err
	}
	var stale []error
	for _, f := range files {
		if !bytes.Equal(f.was, f.want) {
			stale = append(stale, fmt.Errorf("%s is stale: %s; run go generate ./buildpacks/node-engine", f.path, firstDifference(f.was, f.want)))
		}
	}
	return errors.Join(stale...)
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			return fmt.Sprintf("it ends before line %d, %q", i+1, w[i])
		case i >= len(w):
			return fmt.Sprintf("line %d: got %q, want the end", i+1, g[i])
		case !bytes.Equal(g[i], w[i]):
			return fmt.Sprintf("line %d: got %q, want %q", i+1, g[i], w[i])
		}
	}
	return "no difference"
}
