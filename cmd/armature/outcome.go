//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/cmd/armature/internal/timeline"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/platform"
)

// outcome tells how a build goes and, as soon as there is an image, which one it
// is: nobody waits for what the build still removes. An image is good even where
// its timeline cannot be written, but that is an error.
type outcome struct {
	*report.Report
	out, log io.Writer
	style    report.Style
	file     string // for the timeline, or ""

	started platform.BuildStarted // zero when there was none
	written bool                  // the image is there, and was told
	failed  error                 // of the timeline
}

// outcome is the one that the flags ask for. The program's failures are told in it,
// too.
func (f *buildFlags) outcome(p *program) (*outcome, error) {
	style := report.Style(f.progress)
	if !slices.Contains(report.Styles(), style) {
		return nil, &usageError{fmt.Sprintf("build: --progress is %q, want auto, terminal, plain or json", f.progress)}
	}
	if f.quiet {
		style = report.Quiet
	}
	if f.timings != "" {
		if err := takesTimings(f.timings); err != nil {
			return nil, unwritableTimings(err)
		}
	}
	p.report = report.New(p.stderr, style, p.getenv)
	return &outcome{Report: p.report, out: p.stdout, log: p.stderr, style: style, file: f.timings}, nil
}

// Event tells what happened.
func (o *outcome) Event(event platform.Event) {
	switch e := event.(type) {
	case platform.BuildStarted:
		o.started = e
	case platform.Note:
		if o.written && o.style != report.JSON {
			if o.style != report.Quiet {
				fmt.Fprintln(o.log, e.Text)
			}
			return
		}
	case platform.ImageWritten:
		o.Report.Event(event)
		o.failed = o.tellTimings(e.Reference, nil)
		o.Close()
		fmt.Fprintln(o.out, e.Reference)
		o.written = true
		return
	}
	o.Report.Event(event)
}

// end returns the error of a call whose build ended with err.
func (o *outcome) end(err error) error {
	if err != nil {
		o.failed = o.tellTimings("", err)
	}
	return errors.Join(err, o.failed)
}

// takesTimings says what keeps this user from putting a new file in the place of
// one, or where there is none yet.
func takesTimings(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", filepath.Dir(path))
	}
	if err := wholefile.Replaceable(path); err != nil {
		return err
	}
	return wholefile.Takes(filepath.Dir(path))
}

// tellTimings writes the timeline and prints the table, of a build that failed,
// too.
func (o *outcome) tellTimings(written string, failed error) error {
	if o.file == "" || o.started.Name == "" {
		return nil
	}
	o.Close()
	var platforms []string
	for _, to := range o.started.Targets {
		platforms = append(platforms, to.String())
	}
	shown := timeline.Build{
		Name: o.started.Name, Image: written, Spans: o.Spans(),
		Facts: []string{"armature " + version, "for " + strings.Join(platforms, " and "), "on " + o.started.Host.String(), "builder " + o.started.Builder},
	}
	if failed != nil {
		shown.Failed = failed.Error()
	}
	if err := wholefile.Write(o.file, func(out io.Writer) error { return timeline.Write(out, shown) }); err != nil {
		if diskfull.Is(err) {
			return diskfull.Failure("writing the timeline", err, o.file, "--timings")
		}
		return unwritableTimings(err)
	}
	if o.style == report.Quiet || o.style == report.JSON {
		return nil // events have all of it
	}
	return timeline.Table(o.log, shown.Spans)
}

func unwritableTimings(err error) error {
	return &failure.Failure{ID: "timings-unwritable", Cause: "writing the timeline", Err: err, Remedy: "give --timings a file in a folder that you can write to."}
}
