//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/platform/destination"
	"github.com/armature-cnb/armature/platform/diskfull"
	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/progress"
	"github.com/armature-cnb/armature/platform/timeline"
)

// log is the one that the flags ask for. The program's failures are told in
// it, too.
func (f *buildFlags) log(p *program) (*progress.Log, error) {
	style := progress.Style(f.progress)
	if !slices.Contains(progress.Styles(), style) {
		return nil, &usageError{fmt.Sprintf("build: --progress is %q, want auto, terminal, plain or json", f.progress)}
	}
	if f.quiet {
		style = progress.Quiet
	}
	if f.timings != "" {
		if err := takesTimings(f.timings); err != nil {
			return nil, unwritableTimings(err)
		}
	}
	p.log = progress.New(p.stderr, style, p.getenv)
	return p.log, nil
}

// takesTimings says what keeps this user from putting a new file in the place of
// one, or where there is none yet.
func takesTimings(path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", filepath.Dir(path))
	}
	if err := destination.Replaceable(path); err != nil {
		return err
	}
	return destination.Takes(filepath.Dir(path))
}

// tellTimings writes the timeline and prints the table, of a build that failed,
// too.
func (f *buildFlags) tellTimings(p *program, options phases.Options, written string, failed error) error {
	if f.timings == "" {
		return nil
	}
	options.Log.Close()
	shown := timeline.Build{
		Name: options.Name, Image: written, Spans: options.Log.Spans(),
		Facts: []string{"armature " + version, "for " + strings.ReplaceAll(f.platform, ",", " and "), "on " + options.Host.String(), "builder " + options.Builder},
	}
	if failed != nil {
		shown.Image, shown.Failed = "", failed.Error()
	}
	if err := wholefile.Write(f.timings, func(out io.Writer) error { return timeline.Write(out, shown) }); err != nil {
		if diskfull.Is(err) {
			return diskfull.Failure("writing the timeline", err, f.timings, "--timings")
		}
		return unwritableTimings(err)
	}
	if style := progress.Style(f.progress); f.quiet || style == progress.JSON {
		return nil // events have all of it
	}
	return timeline.Table(p.stderr, shown.Spans)
}

func unwritableTimings(err error) error {
	return &failure.Failure{ID: "timings-unwritable", Cause: "writing the timeline", Err: err, Remedy: "give --timings a file in a folder that you can write to."}
}
