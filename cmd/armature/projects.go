//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/cmd/armature/internal/timeline"
	"github.com/armature-cnb/armature/internal/ansi"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// runProjects makes an image of each project. It prints the images when all have
// ended, and then a table of what became of each. The exit status is the worst.
func (f *buildFlags) runProjects(ctx context.Context, r platform.Request, o *outcome) error {
	projects, err := readProjects(f.projects, f.tag)
	if err != nil {
		return err
	}
	o.several = true
	results, err := platform.BuildProjects(ctx, r, projects)
	o.Close()
	if err != nil {
		return o.end(err)
	}
	failed := o.writeTimings(made(results), worst(results))
	for _, result := range results {
		if result.Err == nil {
			fmt.Fprintln(o.out, result.Reference)
		}
	}
	if o.style != report.Quiet && o.style != report.JSON {
		failed = errors.Join(failed, writeTable(o.log, results))
	}
	if failed = errors.Join(failed, ctx.Err()); failed != nil {
		return failed
	}
	if _, status := classify(worst(results)); status != 0 {
		return exitStatus(status)
	}
	return nil
}

// readProjects parses flags of the form PATH or PATH=NAME[:TAG]. A project without a
// name has that of the tag, with its path's last part.
func readProjects(items []string, tag string) (projects []platform.Project, err error) {
	named := 0
	for _, item := range items {
		dir, name, has := strings.Cut(item, "=")
		if dir == "" || has && name == "" {
			return nil, &usageError{fmt.Sprintf("build: --project is %q, want PATH, or PATH=NAME[:TAG]", item)}
		}
		if has {
			named++
		} else if tag == "" {
			return nil, &usageError{fmt.Sprintf("build: --project %s has no name: write --project %s=NAME[:TAG], or give --tag, which ends with the path's last part then", dir, dir)}
		} else {
			name = defaultName(tag, dir)
		}
		projects = append(projects, platform.Project{Path: dir, Image: name})
	}
	if named == len(items) && tag != "" {
		return nil, &usageError{"build: --tag names no image, because each --project has a name: leave it out"}
	}
	return projects, nil
}

// defaultName returns the name of a project's image: team/shop:1 and apps/api become
// team/shop-api:1.
func defaultName(tag, dir string) string {
	last := strings.ToLower(path.Base(path.Clean(dir)))
	if last == "." {
		return tag
	}
	start := strings.LastIndexByte(tag, '/') + 1
	name, version, found := strings.Cut(tag[start:], ":")
	if found {
		version = ":" + version
	}
	return tag[:start] + name + "-" + last + version
}

// severity orders exit statuses: a call that may succeed later does not hide one that
// cannot.
var severity = []int{0, statusTransient, statusFailure, statusInternal}

// worst returns the first error with the worst exit status, or nil.
func worst(results []platform.ProjectResult) (err error) {
	most := 0
	for _, result := range results {
		_, status := classify(result.Err)
		if rank := slices.Index(severity, status); rank > most {
			most, err = rank, result.Err
		}
	}
	return err
}

// made lists the references of images.
func made(results []platform.ProjectResult) string {
	var all []string
	for _, result := range results {
		if result.Err == nil {
			all = append(all, result.Reference)
		}
	}
	return strings.Join(all, ", ")
}

// writeTable writes what became of each project. Sizes are of the compressed layers,
// the run image's among them.
func writeTable(to io.Writer, results []platform.ProjectResult) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nproject\timage\tdigest\tsize\ttime")
	for _, result := range results {
		digest, size := result.Digest, timeline.Bytes(result.Size())
		took := fmt.Sprintf("%.1f s", result.Took.Seconds())
		if result.Err != nil {
			digest, size = "-", "-"
			took = "[" + report.ID(shown(result.Err)) + "]"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", ansi.Clean(result.Path), ansi.Clean(result.Image), digest, size, took)
	}
	return table.Flush()
}

// shown returns a project's error as it is shown.
func shown(err error) error {
	if errors.Is(err, context.Canceled) {
		return &failure.Failure{ID: "interrupted", Cause: "armature was interrupted", Remedy: "call it again."}
	}
	err, _ = classify(err)
	return err
}
