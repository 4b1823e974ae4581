package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/install"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// comparison compares apps.
type comparison struct {
	work, npm, archives     string // archives is where the installer has them
	npmVersion, nodeVersion string
	forms, cpus             []string
	log                     io.Writer
	equal, handed, differ   int
}

// app compares one app in all ways.
func (c *comparison) app(ctx context.Context, corpus, name string) error {
	for _, form := range c.forms {
		dir := filepath.Join(c.work, "app")
		if err := errors.Join(tree.Remove(dir), tree.Copy(filepath.Join(corpus, name), dir)); err != nil {
			return err
		}
		if form == "resolved" {
			if err := c.addAddresses(dir); err != nil {
				return err
			}
		}
		for _, cpu := range c.cpus {
			for _, omit := range []string{"", "dev"} {
				if err := c.one(ctx, dir, fmt.Sprintf("%s %s %s omit=%q", name, form, cpu, omit), cpu, omit); err != nil {
					return err
				}
			}
		}
		if err := tree.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}

// one compares one way to install.
func (c *comparison) one(ctx context.Context, dir, title, cpu, omit string) error {
	start := time.Now()
	planned, archives, err := c.plan(dir, cpu, omit)
	if err == nil {
		defer archives.Close()
		err = install.Into(ctx, dir, planned, archives, nil)
	}
	ours := time.Since(start)
	var handover *npmtree.Handover
	if errors.As(err, &handover) {
		c.handed++
		fmt.Fprintf(c.log, "%s: handed over: %s\n", title, handover)
		return nil
	}
	if err != nil {
		return err
	}
	got, err := treediff.List(dir)
	if err != nil {
		return err
	}
	record := filepath.Join(dir, "node_modules", npmtree.RecordFile)
	gotRecord, _ := os.ReadFile(record) // shown if it differs
	for _, folder := range planned.Cleared {
		if err := tree.Remove(filepath.Join(dir, folder)); err != nil {
			return err
		}
	}
	seconds, err := c.runNPM(ctx, dir, cpu, omit)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		c.differ++
		fmt.Fprintf(c.log, "%s: npm fails, and the installer does not: %s\n", title, err)
		return nil
	}
	want, err := treediff.List(dir)
	if err != nil {
		return err
	}
	differences := treediff.Compare(want, got)
	if len(differences) == 0 {
		c.equal++
		fmt.Fprintf(c.log, "%s: equal, %d entries, %.2f s against npm's %.2f s\n", title, len(want), ours.Seconds(), seconds)
		return nil
	}
	c.differ++
	fmt.Fprintf(c.log, "%s: %d differences of %d entries\n", title, len(differences), len(want))
	for _, line := range differences[:min(len(differences), 25)] {
		fmt.Fprintf(c.log, "  %s\n", line)
	}
	wantRecord, err := os.ReadFile(record)
	c.showLines(string(wantRecord), string(gotRecord))
	return err
}

// install installs a project with the installer.
func (c *comparison) install(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	planned, archives, err := c.plan(dir, hostCPU, "")
	if err != nil {
		return err
	}
	defer archives.Close()
	return install.Into(ctx, dir, planned, archives, nil)
}

// showLines shows the first lines that only one of two texts has.
func (c *comparison) showLines(want, got string) {
	for _, side := range []struct{ sign, text, other string }{{"-", want, got}, {"+", got, want}} {
		lines := map[string]int{}
		for line := range strings.Lines(side.other) {
			lines[line]++
		}
		shown := 0
		for line := range strings.Lines(side.text) {
			if lines[line]--; lines[line] < 0 && shown < 25 {
				shown++
				fmt.Fprintf(c.log, "  %s%s", side.sign, line)
			}
		}
	}
}

func (c *comparison) summary() error {
	fmt.Fprintf(c.log, "%d equal, %d handed over, %d different\n", c.equal, c.handed, c.differ)
	if c.differ > 0 {
		return fmt.Errorf("%d trees differ from npm's", c.differ)
	}
	if c.equal == 0 {
		return errors.New("not one tree was compared")
	}
	return nil
}

// config reads npm's configuration for an app.
func (c *comparison) config(dir string) (*npmrc.Config, error) {
	home, _ := os.UserHomeDir() // without one there is no .npmrc
	return npmrc.Load(npmrc.Sources{Environ: environ.List(os.Environ()), ProjectDir: dir, HomeDir: home})
}

// registry returns the registry of an app's configuration.
func (c *comparison) registry(dir string) (*npmregistry.Registry, *npmrc.Config, error) {
	config, err := c.config(dir)
	if err != nil {
		return nil, nil, err
	}
	standard, err := npmregistry.Standard(c.npm)
	if err != nil {
		return nil, nil, err
	}
	registry, err := npmregistry.New(config, standard)
	return registry, config, err
}

// plan works out the tree.
func (c *comparison) plan(dir, cpu, omit string) (npmtree.Tree, *npmregistry.Archives, error) {
	registry, config, err := c.registry(dir)
	if err != nil {
		return npmtree.Tree{}, nil, err
	}
	host := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
	o := npmtree.Options{
		NPM: semver.MustParse(c.npmVersion), Node: semver.MustParse(c.nodeVersion), Host: host,
		Target: deps.Platform{OS: "linux", CPU: cpu, Libc: deps.Glibc},
	}
	var omitted, included []string
	if omitted = []string{omit}; omit == "" {
		omitted, included = nil, []string{"dev"}
	}
	if err := o.Configure(config, omitted, included, os.Getenv("NODE_ENV") == "production"); err != nil {
		return npmtree.Tree{}, nil, err
	}
	planned, err := npmtree.Plan(dir, o)
	return planned, npmregistry.NewArchives(c.archives, registry, nil), err
}

// runNPM installs with npm, and returns the seconds it took.
func (c *comparison) runNPM(ctx context.Context, dir, cpu, omit string) (float64, error) {
	which := "--omit=" + omit
	if omit == "" {
		which = "--include=dev"
	}
	start := time.Now()
	if output, err := c.npmRun(ctx, dir, "ci", which, "--prefer-offline", "--os=linux", "--cpu="+cpu, "--libc=glibc"); err != nil {
		return 0, fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return time.Since(start).Seconds(), nil
}

// npmRun runs npm, and returns its output.
func (c *comparison) npmRun(ctx context.Context, dir string, args ...string) (string, error) {
	args = append([]string{filepath.Join(c.npm, "bin", "npm-cli.js")}, args...)
	command := exec.CommandContext(ctx, "node", append(args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--cache="+c.cache())...)
	command.Dir = dir
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	err := command.Run()
	return output.String(), err
}

// cache is npm's.
func (c *comparison) cache() string { return filepath.Join(c.work, "cache") }

// addAddresses gives every entry of a lockfile from the registry its address, as
// npm does by default.
func (c *comparison) addAddresses(dir string) error {
	registry, _, err := c.registry(dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, npmlock.PackageLock)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	graph, err := npmlock.Parse(text)
	if err != nil {
		return err
	}
	var lock map[string]any
	if err := json.Unmarshal(text, &lock); err != nil {
		return err
	}
	packages, _ := lock["packages"].(map[string]any)
	for _, p := range graph.Packages {
		entry, _ := packages[p.Path].(map[string]any)
		if entry == nil || p.Link || p.InBundle || p.Integrity == "" || p.Resolved != "" {
			continue
		}
		var at *url.URL
		if at, err = registry.Archive(p.Name, p.Version, ""); err != nil {
			return err
		}
		entry["resolved"] = at.String()
	}
	if text, err = json.MarshalIndent(lock, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}
