package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// archivesOwner is the buildpack that contains archives of Node.js, and programsOwner
// the one with those of package managers.
const (
	archivesOwner = "node-engine"
	programsOwner = "npm-install"
)

type packager struct {
	ctx      context.Context
	log      io.Writer
	version  string
	archives string
	programs string
	pack     string
	work     string // absolute; folder for packages in progress
}

// buildpack has the parts of a buildpack.toml that packaging needs.
type buildpack struct {
	name       string // folder below buildpacks, for example "node-engine"
	source     string // that folder
	descriptor []byte // buildpack.toml with the version filled in
	parts      []part // empty for a component buildpack
}

// part is an entry of a composite buildpack's order.
type part struct {
	ID      string `toml:"id"`
	Version string `toml:"version"`
}

// makeAll packages the component buildpacks first, because a composite one
// contains their packages.
func (p *packager) makeAll(source string) error {
	buildpacks, err := p.read(source)
	if err != nil {
		return err
	}
	for _, composite := range []bool{false, true} {
		for _, b := range buildpacks {
			if (len(b.parts) > 0) != composite {
				continue
			}
			if err := p.make(b); err != nil {
				return fmt.Errorf("packaging %s: %w", b.name, err)
			}
		}
	}
	return nil
}

func (p *packager) read(source string) ([]buildpack, error) {
	descriptors, err := filepath.Glob(filepath.Join(source, "*", "buildpack.toml"))
	if err != nil {
		return nil, err
	}
	if len(descriptors) == 0 {
		return nil, fmt.Errorf("no buildpack.toml in any folder of %s", source)
	}
	var all []buildpack
	for _, path := range descriptors {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		b, err := p.parse(filepath.Dir(path), text)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		all = append(all, b)
	}
	return all, nil
}

// parse replaces the version 0.0.0 of the source.
func (p *packager) parse(dir string, text []byte) (buildpack, error) {
	const unreleased = `version = "0.0.0"`
	if !bytes.Contains(text, []byte(unreleased)) {
		return buildpack{}, fmt.Errorf("no line %s to fill the version in", unreleased)
	}
	text = bytes.ReplaceAll(text, []byte(unreleased), []byte(fmt.Sprintf("version = %q", p.version)))
	var d struct {
		Order []struct {
			Group []part `toml:"group"`
		} `toml:"order"`
	}
	if err := toml.Unmarshal(text, &d); err != nil {
		return buildpack{}, err
	}
	b := buildpack{name: filepath.Base(dir), source: dir, descriptor: text}
	for _, order := range d.Order {
		for _, one := range order.Group {
			if !slices.Contains(b.parts, one) { // a part may be in several groups
				b.parts = append(b.parts, one)
			}
		}
	}
	return b, nil
}

func (p *packager) make(b buildpack) error {
	dir := filepath.Join(p.work, b.name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "buildpack.toml"), b.descriptor, 0o644); err != nil {
		return err
	}
	if err := p.addLicence(dir); err != nil {
		return err
	}
	if len(b.parts) == 0 {
		if err := p.addPrograms(b, dir); err != nil {
			return err
		}
	}
	if b.name == archivesOwner && p.archives != "" {
		unpack := func() error { return p.addArchives(filepath.Join(dir, "dependencies")) }
		if err := step.Do(p.log, "unpacking the archives of "+p.archives, unpack); err != nil {
			return err
		}
	}
	if b.name == programsOwner && p.programs != "" {
		copyAll := func() error { return p.addManagers(filepath.Join(dir, "dependencies")) }
		if err := step.Do(p.log, "adding the archives of "+p.programs, copyAll); err != nil {
			return err
		}
	}
	return p.wrap(b)
}

// addLicence adds the module's licence and notice to the package.
func (p *packager) addLicence(dir string) error {
	for _, name := range []string{"LICENSE", "NOTICE"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// addPrograms compiles run and every helper under cmd for every target, and
// writes the two dispatchers.
func (p *packager) addPrograms(b buildpack, dir string) error {
	programs := []string{"run"}
	helpers, err := filepath.Glob(filepath.Join(b.source, "cmd", "*", "main.go"))
	if err != nil {
		return err
	}
	for _, helper := range helpers {
		programs = append(programs, filepath.Join("cmd", filepath.Base(filepath.Dir(helper))))
	}
	for _, t := range targets.All() {
		bin := filepath.Join(dir, "bin", t.Dashed())
		if err := p.compile(b, t, programs, bin); err != nil {
			return err
		}
		for _, phase := range []string{"detect", "build"} {
			if err := os.Symlink("run", filepath.Join(bin, phase)); err != nil {
				return err
			}
		}
	}
	for _, phase := range []string{"detect", "build"} {
		if err := os.WriteFile(filepath.Join(dir, "bin", phase), []byte(dispatcher(phase)), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (p *packager) compile(b buildpack, t targets.Target, programs []string, bin string) error {
	return step.Do(p.log, fmt.Sprintf("compiling %s for %s", b.name, t), func() error {
		for _, program := range programs {
			err := step.Run(p.ctx, nil, []string{"CGO_ENABLED=0", "GOOS=" + t.OS, "GOARCH=" + t.Arch},
				"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
				"-o", filepath.Join(bin, filepath.Base(program)), "./"+filepath.Join(b.source, program))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dispatcher is the POSIX shell program under bin/detect and bin/build. The
// lifecycle sets CNB_BUILDPACK_DIR (Buildpack API 0.8 and later); without it,
// the dispatcher uses the parent of its own folder.
func dispatcher(phase string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#!/bin/sh\n")
	fmt.Fprintf(&b, ": \"${CNB_BUILDPACK_DIR:=$(cd \"$(dirname \"$0\")/..\" && pwd)}\"\n")
	fmt.Fprintf(&b, "export CNB_BUILDPACK_DIR\n")
	fmt.Fprintf(&b, "case $(uname -m) in\n")
	for _, t := range targets.All() {
		fmt.Fprintf(&b, "  %s) exec \"$CNB_BUILDPACK_DIR/bin/%s/%s\" \"$@\" ;;\n", t.Machine(), t.Dashed(), phase)
	}
	fmt.Fprintf(&b, "esac\n")
	fmt.Fprintf(&b, "echo \"[unsupported-host] this buildpack cannot run on $(uname -m): want")
	for i, t := range targets.All() {
		if i > 0 {
			fmt.Fprintf(&b, " or")
		}
		fmt.Fprintf(&b, " %s", t.Machine())
	}
	fmt.Fprintf(&b, "\" >&2\nexit 1\n")
	return b.String()
}

// wrap calls pack to make armature_<name>-<version>.cnb of the folder. The
// package configuration names only linux, without an architecture, since the
// folder has all.
func (p *packager) wrap(b buildpack) error {
	var config strings.Builder
	fmt.Fprintf(&config, "[buildpack]\nuri = %q\n", b.name)
	for _, part := range b.parts {
		fmt.Fprintf(&config, "\n[[dependencies]]\nuri = %q\n", p.file(filepath.Base(part.ID)))
	}
	path := filepath.Join(p.work, b.name+".package.toml")
	if err := os.WriteFile(path, []byte(config.String()), 0o644); err != nil {
		return err
	}
	defer os.Remove(path)
	home := filepath.Join(p.work, ".pack")
	defer os.RemoveAll(home)
	return step.Run(p.ctx, nil, []string{"PACK_HOME=" + home}, p.pack, "buildpack", "package",
		filepath.Join(p.work, p.file(b.name)), "--config", path, "--format", "file", "--pull-policy", "never")
}

func (p *packager) file(name string) string {
	return fmt.Sprintf("armature_%s-%s.cnb", name, p.version)
}
