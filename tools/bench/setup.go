//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/hostca"
	"github.com/armature-cnb/armature/tools/bench/internal/archives"
	"github.com/armature-cnb/armature/tools/bench/internal/builds"
	"github.com/armature-cnb/armature/tools/bench/internal/docker"
	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// settings are the flags.
type settings struct {
	armature, builder, stack, archives, apps, work, docs string

	scenarios []string // scenarios to run; all if empty
	only      []string // the ways to measure; all when empty
	rounds    int      // of every way; each way's default if 0
	record    bool     // add even a partial run to the history
	render    bool     // only render the document
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&s.armature, "armature", "bin/armature", "the armature program")
	flags.StringVar(&s.builder, "builder", "", "the folder of builders that make builder makes")
	flags.StringVar(&s.stack, "stack", "build/stack", "the folder of build and run images")
	flags.StringVar(&s.archives, "archives", "", "the folder of Node.js archives that the builders were made with")
	flags.StringVar(&s.apps, "apps", "integration/testdata", "the folder of test apps")
	flags.StringVar(&s.work, "work", "build/bench", "a folder to work in")
	scenarios := flags.String("scenarios", "", "names of the scenarios to run, with commas between; all when left out")
	ways := flags.String("ways", "", "names of the ways to measure, with commas between; all when left out: "+strings.Join(allWays, ", "))
	flags.IntVar(&s.rounds, "rounds", 0, "how often everything is measured; each as often as it says when left out")
	flags.StringVar(&s.docs, "docs", "docs", "the folder of the document and the history")
	flags.BoolVar(&s.record, "record", false, "add the run to the history and render the document, although not everything was measured")
	flags.BoolVar(&s.render, "render", false, "measure nothing; render the document from the history")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.render {
		return s, nil
	}
	if s.builder == "" || s.archives == "" {
		return s, errors.New("want -builder and -archives: call it with make bench")
	}
	if s.rounds < 0 {
		return s, fmt.Errorf("-rounds is %d, want 1 or more", s.rounds)
	}
	s.scenarios, s.only = split(*scenarios), split(*ways)
	for _, name := range s.only {
		if !slices.Contains(allWays, name) {
			return s, fmt.Errorf("-ways: there is no way %q: want some of %s", name, strings.Join(allWays, ", "))
		}
	}
	for _, path := range []*string{&s.armature, &s.builder, &s.stack, &s.archives, &s.apps, &s.work, &s.docs} {
		var err error
		if *path, err = filepath.Abs(*path); err != nil {
			return s, err
		}
	}
	return s, nil
}

// split reads names with commas between.
func split(text string) (names []string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// wants reports whether any of the ways is selected.
func (s settings) wants(ways ...string) bool {
	return len(s.only) == 0 || slices.ContainsFunc(ways, func(way string) bool { return slices.Contains(s.only, way) })
}

// bench has what the scenarios share.
type bench struct {
	settings
	log      io.Writer
	host     targets.Target
	foreign  targets.Target // the other one
	archive  archives.Set
	node     hostnode.Node
	armature builds.Armature
	engine   *docker.Engine // nil if none answers
	emulates bool           // armature build has --emulate
	began    time.Time
	made     map[string]*build // those that scenarios share
}

// setUp prepares everything before the first measurement, and keeps it in the
// work folder for the next run.
func setUp(ctx context.Context, s settings, log io.Writer) (*bench, error) {
	b := &bench{settings: s, log: log, began: time.Now().UTC(), made: map[string]*build{}}
	if err := os.MkdirAll(s.work, 0o755); err != nil {
		return nil, err
	}
	var err error
	if b.host, err = targets.Host(); err != nil {
		return nil, err
	}
	for _, to := range targets.All() {
		if to != b.host {
			b.foreign = to
		}
	}
	if b.archive, err = archives.Find(s.archives); err != nil {
		return nil, err
	}
	if b.node, err = hostnode.Unpack(ctx, b.archive, b.host, s.work); err != nil {
		return nil, err
	}
	if b.node.CA, err = authorities(s.work); err != nil {
		return nil, err
	}
	b.armature = builds.Armature{Program: s.armature, Builder: s.builder, Homes: filepath.Join(s.work, "homes")}
	help, err := step.Output(ctx, nil, s.armature, "build", "--help")
	b.emulates = err == nil && strings.Contains(help, "--emulate")
	if !b.emulates {
		fmt.Fprintln(log, "  armature build has no --emulate: emulated builds are left out")
	}
	if err := b.unpackBuilders(ctx); err != nil {
		return nil, err
	}
	return b, b.startEngine(ctx)
}

// unpackBuilders makes armature unpack the measured builders: it does so once
// for all builds, even if no buildpack detects the app.
func (b *bench) unpackBuilders(ctx context.Context) error {
	empty := filepath.Join(b.work, "apps", "empty")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return err
	}
	home, err := b.armature.Home("unpacking")
	if err != nil {
		return err
	}
	ways := [][]string{{"--platform", b.host.String()}, {"--platform", b.foreign.String()}}
	if b.emulates && b.wants(emulated) {
		ways = append(ways, []string{"--platform", b.foreign.String(), "--emulate"})
	}
	for _, more := range ways {
		_, err := b.armature.Run(ctx, builds.Build{App: empty, Tag: "bench-empty", Home: home, More: more})
		if err == nil || !strings.Contains(err.Error(), "[no-buildpack-applies]") {
			return fmt.Errorf("unpacking builders: building an empty app: got %w, want that no buildpack applies", err)
		}
	}
	return nil
}

// startEngine finds the engine and loads the base images.
func (b *bench) startEngine(ctx context.Context) error {
	if !b.wants(dockerfile, dockerfileNative) {
		return nil
	}
	if !docker.Answers(ctx) {
		fmt.Fprintln(b.log, "  no Docker engine answers: Dockerfiles are left out")
		return nil
	}
	b.engine = &docker.Engine{Stack: b.stack, Archive: b.archive, Work: b.work, CA: b.node.CA, Run: strconv.FormatInt(b.began.Unix(), 10)}
	for _, to := range []targets.Target{b.host, b.foreign} {
		if err := b.engine.Load(ctx, b.log, to); err != nil {
			return err
		}
	}
	if chosen, _ := choose(ofManagers(), b.scenarios); len(chosen) == 0 {
		return nil
	}
	return b.engine.LoadManagers(ctx, b.log, b.host)
}

// authorities returns a file of this machine's additional certificate
// authorities, or "".
func authorities(work string) (string, error) {
	if file := os.Getenv("NODE_EXTRA_CA_CERTS"); file != "" {
		return file, nil
	}
	binding, err := hostca.Binding(hostca.Added, work, os.Getenv)
	if err != nil || binding == "" {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(binding, "*.crt"))
	if err != nil {
		return "", err
	}
	var all []byte
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		all = append(append(all, pem...), '\n')
	}
	path := filepath.Join(work, "authorities.pem")
	return path, os.WriteFile(path, all, 0o644)
}
