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

// outcome reports a build's events and prints the image as soon as it is written,
// without waiting for the cleanup. If the timeline cannot be written, the image is
// valid, but the call fails.
type outcome struct {
	*report.Report
	out, log io.Writer
	style    report.Style
	file     string // path of the timeline, or ""

	started platform.BuildStarted // zero before that event; of several projects, with all names
	written bool                  // the image is written and reported
	several bool                  // of several projects, whose images are printed last
	failed  error                 // the timeline's error
}

// outcome returns the one for the flags. The program's failures go to its report,
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
		if err := checkTimings(f.timings); err != nil {
			return nil, unwritableTimings(err)
		}
	}
	p.report = report.New(p.stderr, style, p.getenv)
	return &outcome{Report: p.report, out: p.stdout, log: p.stderr, style: style, file: f.timings}, nil
}

// Event reports an event.
func (o *outcome) Event(event platform.Event) {
	switch e := event.(type) {
	case platform.BuildStarted:
		if o.started.Name != "" {
			e.Name = o.started.Name + ", " + e.Name // of several projects
		}
		o.started = e
	case platform.Note:
		if o.written && o.style != report.JSON {
			if o.style != report.Quiet {
				fmt.Fprintln(o.log, e.Text)
			}
			return
		}
	case platform.ProjectEnded:
		e.Err = shown(e.Err)
		o.Report.Event(e)
		return
	case platform.ImageWritten:
		o.Report.Event(event)
		if o.several {
			return
		}
		o.failed = o.writeTimings(e.Reference, nil)
		o.Close()
		fmt.Fprintln(o.out, e.Reference)
		o.written = true
		return
	}
	o.Report.Event(event)
}

// end returns the error of a call whose build returned err.
func (o *outcome) end(err error) error {
	if err != nil {
		o.failed = o.writeTimings("", err)
	}
	return errors.Join(err, o.failed)
}

// checkTimings returns an error if this user cannot create or replace the file.
func checkTimings(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", filepath.Dir(path))
	}
	if err := wholefile.Replaceable(path); err != nil {
		return err
	}
	return wholefile.Takes(filepath.Dir(path))
}

// writeTimings writes the timeline and prints the table, also for a failed build.
func (o *outcome) writeTimings(written string, failed error) error {
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
		return nil // the events have the timings
	}
	return timeline.Table(o.log, shown.Spans)
}

func unwritableTimings(err error) error {
	return &failure.Failure{ID: "timings-unwritable", Cause: "writing the timeline", Err: err, Remedy: "give --timings a file in a folder that you can write to."}
}
