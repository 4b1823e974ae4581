package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

// buildTime is how long a build for all targets may take.
const buildTime = 20 * time.Minute

// plan is what armature plan --format json prints.
type plan struct {
	Decisions []decisions.Decision `json:"decisions"`
}

// image is what armature inspect --format json prints of each of an image's targets.
type image struct {
	Platform  string `json:"platform"`
	Size      int64  `json:"size"` // bytes, compressed
	Node      string `json:"node"`
	Processes []struct {
		Type    string   `json:"type"`
		Command []string `json:"command"`
	} `json:"processes"`
}

// try makes, plans, builds and calls an app. What the programs print is in the file
// logs/NAME.log of the work folder. The app's folder is removed if all is well.
func (s settings) try(ctx context.Context, log io.Writer, a app) (r result, err error) {
	path := filepath.Join(s.work, "logs", a.Name+".log")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return r, err
	}
	file, err := os.Create(path)
	if err != nil {
		return r, err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = fmt.Errorf("%w (more is in %s)", err, path)
			return
		}
		err = errors.Join(os.RemoveAll(filepath.Join(s.work, "apps", a.Name)), s.prune(ctx))
	}()
	dir, err := s.makeApp(ctx, file, a)
	if err != nil {
		return r, err
	}
	plans, err := s.plans(ctx, file, dir, a)
	if err != nil {
		return r, err
	}
	start := time.Now()
	said, err := s.build(ctx, file, dir, a)
	if err != nil {
		return r, err
	}
	r = newResult(a, time.Since(start))
	images, err := s.inspect(ctx, file, dir)
	if err != nil {
		return r, err
	}
	var wrong []error
	for _, i := range images {
		r.Sizes[i.Platform] = i.Size
		p, said := plans[i.Platform], ofTarget(said, i.Platform)
		err := errors.Join(expected(a, p, said), asPlanned(p, said, i), s.call(ctx, file, layout(dir), i.Platform, a))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", i.Platform, err))
		}
	}
	if len(images) != len(s.targets) {
		wrong = append(wrong, fmt.Errorf("the image is for %d targets, want %d", len(images), len(s.targets)))
	}
	return r, errors.Join(wrong...)
}

// layout is the folder of an app's image.
func layout(dir string) string { return filepath.Join(filepath.Dir(dir), "image") }

// call returns a command of armature, with its own folder.
func (s settings) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.armature, append(args, "--cache-dir", filepath.Join(s.work, "cache"))...)
	cmd.Env = append(os.Environ(), "HOME="+s.home())
	return cmd
}

// platforms are the targets as the flag of build has them.
func (s settings) platforms() string {
	var names []string
	for _, t := range s.targets {
		names = append(names, t.String())
	}
	return strings.Join(names, ",")
}

// choices are the flags of plan and build.
func (s settings) choices(a app) []string {
	flags := append([]string{"--builder", s.builder}, s.flags...)
	for _, one := range a.Env {
		flags = append(flags, "--env", one)
	}
	return flags
}

// plans returns an app's plan for each target.
func (s settings) plans(ctx context.Context, log io.Writer, dir string, a app) (map[string]plan, error) {
	all := map[string]plan{}
	for _, t := range s.targets {
		var p plan
		if err := s.read(ctx, log, &p, append([]string{"plan", dir, "--format", "json", "--platform", t.String()}, s.choices(a)...)...); err != nil {
			return nil, err
		}
		all[t.String()] = p
	}
	return all, nil
}

func (s settings) inspect(ctx context.Context, log io.Writer, dir string) (all []image, err error) {
	return all, s.read(ctx, log, &all, "inspect", layout(dir), "--format", "json")
}

// read runs armature and parses what it prints.
func (s settings) read(ctx context.Context, log io.Writer, into any, args ...string) error {
	cmd := s.command(ctx, args...)
	cmd.Stderr = log
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("armature %s: %w", args[0], err)
	}
	fmt.Fprintf(log, "%s\n", text)
	return json.Unmarshal(text, into)
}

// build builds an app for all targets, and returns what the build said.
func (s settings) build(ctx context.Context, log io.Writer, dir string, a app) (string, error) {
	ctx, stop := context.WithTimeout(ctx, buildTime)
	defer stop()
	var said strings.Builder
	args := append([]string{"build", dir, "--tag", "corpus/" + a.Name, "--platform", s.platforms(), "--output", "oci:" + layout(dir), "--progress", "plain"}, s.choices(a)...)
	err := logged(s.command(ctx, args...), io.MultiWriter(log, &said))
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLines(said.String(), 2))
	}
	return said.String(), nil
}

// most is how much armature's folder keeps: the unpacked builders, and little of what
// builds leave for the next ones of the same app, which are not to come.
const most = "5GB"

func (s settings) prune(ctx context.Context) error {
	return logged(s.command(ctx, "prune", "--keep-size", most), io.Discard)
}

// ofTarget returns the lines of a build for one target, or for several, that are
// about a target.
func ofTarget(said, platform string) string {
	var lines []string
	for _, line := range strings.Split(said, "\n") {
		line, about := strings.CutPrefix(line, "["+platform+"] ")
		if about || !strings.HasPrefix(line, "[linux/") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// lastLines returns the last lines of a text that are not empty.
func lastLines(text string, n int) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
