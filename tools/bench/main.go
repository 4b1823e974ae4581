//go:build linux

// Command bench measures builds: armature's, a Dockerfile's on the same run
// image, and the minimal work, alternately, and prints the results; a full run
// goes into docs/benchmarks.md. It is a benchmark, not a test: slow results do
// not fail.
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
	"strings"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/apps"
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
	if s.render {
		return render(s.docs)
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
	if err == nil {
		done.Machine = facts
		err = b.keep(ctx, done)
	}
	if err == nil {
		err = report.Text(os.Stdout, *done)
	}
	if b.engine != nil {
		err = errors.Join(err, b.engine.Remove(context.WithoutCancel(ctx)))
	}
	return err
}

// run measures the chosen scenarios, one after the other.
func (b *bench) run(ctx context.Context, chosen []scenario) (*history.Run, error) {
	done := &history.Run{Date: b.began.Format(time.RFC3339)}
	for _, one := range chosen {
		results, err := one.run(b, ctx)
		if err != nil {
			return nil, err
		}
		done.Results = append(done.Results, results...)
	}
	done.Seconds = time.Since(b.began).Round(time.Second).Seconds()
	return done, nil
}

// keep writes the run to the work folder. It adds a full run, or one to record,
// to the history, and renders the document.
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
	if done.Apps, err = b.madeApps(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(done, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.work, "last.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if partial := len(b.settings.scenarios) > 0 || len(b.only) > 0 || b.rounds > 0; partial && !b.record {
		return nil
	}
	path := filepath.Join(b.docs, report.History)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := history.Append(path, *done); err != nil {
		return err
	}
	return render(b.docs)
}

// madeApps returns the generated apps.
func (b *bench) madeApps() (all []history.App, err error) {
	for _, a := range []app{compiled, large} {
		dir := filepath.Join(b.work, "made", a.name)
		if _, err := os.Lstat(dir); err != nil {
			continue
		}
		one := history.App{Name: a.name}
		if one.Packages, one.Lockfile, err = apps.Lockfile(dir); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// render writes the document's generated part and the plot.
func render(docs string) error {
	files, err := report.Render(docs)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(docs, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func names(all []scenario) string {
	var text []string
	for _, one := range all {
		text = append(text, one.name)
	}
	return strings.Join(text, ", ")
}
