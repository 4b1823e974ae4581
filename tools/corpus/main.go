// Command corpus makes apps of many kinds, builds each for both targets, runs the
// images and calls them, and records the results:
//
//	corpus -armature bin/armature -builder build/builder/… -work build/corpus
//
// apps.toml has the apps. Most are made by the generators of their frameworks from
// the npm registry, so that it needs Node.js 24 with npm, and a network; nothing of
// them is kept. docs/corpus.json has the results and docs/corpus.md shows them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/internal/step"
)

//go:generate go test -run ^TestTheDocumentIsUpToDate$ . -update

func main() { step.Main("corpus", run) }

// settings are what the program is called with.
type settings struct {
	armature string // the program
	builder  string // the folder of builders, one for each target
	work     string // a folder of its own: apps, armature's folder, npm's cache
	source   string // the folder with the hand-written apps
	record   string // file of the results for all targets; "" for none
	targets  []targets.Target
	inTurn   bool     // one of the targets for each app, in turn
	flags    []string // for armature plan and build
}

func run(ctx context.Context, args []string, log io.Writer) error {
	s, apps, err := parse(args)
	if err != nil {
		return err
	}
	var failed []string
	for i, a := range apps {
		fmt.Fprintf(log, "%s (%d of %d)\n", a.Name, i+1, len(apps))
		one := s
		if s.inTurn {
			one.targets = s.targets[i%len(s.targets):][:1]
		}
		r, err := one.try(ctx, log, a)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(log, "  FAILED: %s\n", err)
			failed = append(failed, a.Name)
			continue
		}
		fmt.Fprintf(log, "  ok: %s\n", r)
		if s.record == "" || len(one.targets) < len(targets.All()) {
			continue
		}
		if err := keep(s.record, r); err != nil {
			return err
		}
	}
	fmt.Fprintf(log, "%d of %d apps are built and answer\n", len(apps)-len(failed), len(apps))
	if len(failed) > 0 {
		return fmt.Errorf("these apps failed, and their old results stay on record: %s", strings.Join(failed, ", "))
	}
	return nil
}

func parse(args []string) (s settings, apps []app, err error) {
	flags := flag.NewFlagSet("corpus", flag.ContinueOnError)
	names := flags.String("apps", "", "the apps, with commas between; ci for those that CI runs; all if empty")
	on := flags.String("platforms", "", "the targets, with commas between; all if empty, and for ci one of them for each app in turn")
	flags.StringVar(&s.armature, "armature", "bin/armature", "the program armature")
	flags.StringVar(&s.builder, "builder", "", "the folder of the builders")
	flags.StringVar(&s.work, "work", "build/corpus", "a folder for apps and caches")
	flags.StringVar(&s.source, "source", "tools/corpus/apps", "the folder of the hand-written apps")
	flags.StringVar(&s.record, "record", "docs/corpus.json", "the file of the results, of apps that are built for all targets; none if empty")
	more := flags.String("flags", "", "more flags for armature plan and build, with spaces between")
	if err := flags.Parse(args); err != nil {
		return s, nil, err
	}
	if s.builder == "" {
		return s, nil, errors.New("-builder is empty: want the folder of the builders, such as build/builder/0.1.0-with-24")
	}
	for _, path := range []*string{&s.armature, &s.builder, &s.work, &s.source} {
		if *path, err = filepath.Abs(*path); err != nil {
			return s, nil, err
		}
	}
	s.flags = strings.Fields(*more)
	if s.targets, err = chosenTargets(*on); err != nil {
		return s, nil, err
	}
	s.inTurn = *names == ci && *on == ""
	apps, err = chosen(*names)
	return s, apps, err
}

// chosenTargets reads a list with commas.
func chosenTargets(list string) (all []targets.Target, err error) {
	if list == "" {
		return targets.All(), nil
	}
	for _, name := range strings.Split(list, ",") {
		t, err := targets.Parse(name)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}
