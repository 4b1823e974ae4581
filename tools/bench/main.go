//go:build linux

// Command bench measures builds: armature's beside a Dockerfile's on the same
// run image and beside the least that has to be done, in turns, and prints
// what came of it. It is a benchmark and never a test: slow
// results are results.
//
//	bench -builder build/builder/0.1.0-with-24 -archives build/archives-with-24
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/machine"
	"github.com/armature-cnb/armature/tools/bench/internal/report"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("bench", run) }

func run(ctx context.Context, args []string, log io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	chosen, unknown := choose(scenarios(), s.scenarios)
	if unknown != "" {
		return fmt.Errorf("there is no scenario %q: want some of %s", unknown, names(scenarios()))
	}
	facts, err := machine.Read()
	if err != nil {
		return err
	}
	b, err := setUp(ctx, s, log)
	if err != nil {
		return err
	}
	done, err := b.run(ctx, chosen)
	if b.engine != nil {
		err = errors.Join(err, b.engine.Remove(context.WithoutCancel(ctx)))
	}
	if err != nil {
		return err
	}
	done.Machine = facts
	if err := b.keep(ctx, done); err != nil {
		return err
	}
	return report.Text(os.Stdout, *done)
}

// run measures the chosen scenarios, one after the other.
func (b *bench) run(ctx context.Context, chosen []scenario) (*history.Run, error) {
	done := &history.Run{Date: b.began.Format(time.RFC3339)}
	for _, one := range chosen {
		s, err := one.make(b)
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", one.name, err)
		}
		s.Ways = slices.DeleteFunc(s.Ways, func(way contest.Way) bool { return !b.wants(way.Name) })
		for i := range s.Ways {
			if b.rounds > 0 {
				s.Ways[i].Rounds = b.rounds
			}
		}
		results, err := contest.Run(ctx, b.log, s)
		if err != nil {
			return nil, err
		}
		done.Results = append(done.Results, results...)
	}
	done.Seconds = time.Since(b.began).Round(time.Second).Seconds()
	return done, nil
}

// keep writes the run to the work folder.
func (b *bench) keep(ctx context.Context, done *history.Run) error {
	var err error
	if done.Commit, err = step.Output(ctx, nil, "git", "rev-parse", "HEAD"); err != nil {
		return err
	}
	changes, err := step.Output(ctx, nil, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	done.Changed = changes != ""
	if done.Version, err = b.node.Version(ctx); err != nil {
		return err
	}
	text, err := json.MarshalIndent(done, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.work, "last.json"), append(text, '\n'), 0o644)
}

func names(all []scenario) string {
	var text []string
	for _, one := range all {
		text = append(text, one.name)
	}
	return strings.Join(text, ", ")
}
