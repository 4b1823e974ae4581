//go:build linux

// Package installs installs the packages of a lockfile of npm's, without scripts,
// in several ways: with the installer of npm-install, npm, pnpm and bun, each from
// nothing.
package installs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// The ways.
const (
	Installer = "installer"
	NPM       = "npm"
	PNPM      = "pnpm"
	Bun       = "bun"
)

// Ways are all ways.
var Ways = []string{Installer, NPM, PNPM, Bun}

// The measured versions of other package managers.
const (
	pnpmVersion = "12.21.0"
	bunVersion  = "1.4.5"
)

// Tools are the programs that install.
type Tools struct {
	node        hostnode.Node
	nodeVersion string
	work        string // has the installer's program and node_modules with pnpm and bun
}

// Prepare builds the installer's program, and gets pnpm and bun, in the folder work.
func Prepare(ctx context.Context, node hostnode.Node, work string) (Tools, error) {
	t := Tools{node: node, work: work}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return t, err
	}
	var err error
	if t.nodeVersion, err = node.Version(ctx); err != nil {
		return t, err
	}
	if err := step.Run(ctx, nil, []string{"CGO_ENABLED=0"}, "go", "build", "-o", filepath.Join(work, "parity"), "github.com/armature-cnb/armature/tools/parity"); err != nil {
		return t, err
	}
	if err := os.WriteFile(filepath.Join(work, "package.json"), []byte("{}"), 0o644); err != nil {
		return t, err
	}
	cache := filepath.Join(work, "cache")
	return t, errors.Join(node.NPM(ctx, work, cache, "install", "--ignore-scripts", "--no-save", "pnpm@"+pnpmVersion, "bun@"+bunVersion), os.RemoveAll(cache))
}

// Project is a project with the lockfiles of all ways.
type Project struct {
	Tools
	dir string
}

// Project makes the lockfiles of a copy of an app: npm's gets the registry's
// addresses, as npm writes them by default, and the others are made of it.
func (t Tools) Project(ctx context.Context, dir string) (Project, error) {
	p := Project{t, dir}
	if err := p.run(ctx, filepath.Join(t.work, "parity"), "-resolve", dir, "-npm", filepath.Join(t.node.Dir, "npm")); err != nil {
		return p, err
	}
	if err := p.run(ctx, filepath.Join(t.node.Dir, "bin/node"), p.pnpm(), "import"); err != nil {
		return p, err
	}
	return p, p.run(ctx, p.bun(), "install", "--lockfile-only", "--ignore-scripts")
}

// Forget removes what an install made and fetched.
func (p Project) Forget() error {
	return errors.Join(os.RemoveAll(filepath.Join(p.dir, "node_modules")), os.RemoveAll(p.cache()))
}

// Install installs in a way, and returns the seconds with the processor's among them.
func (p Project) Install(ctx context.Context, way string) (contest.Sample, error) {
	node := filepath.Join(p.node.Dir, "bin/node")
	var command []string
	switch way {
	case Installer:
		command = []string{filepath.Join(p.work, "parity"), "-install", p.dir, "-npm", filepath.Join(p.node.Dir, "npm"), "-node", p.nodeVersion, "-work", p.cache()}
	case NPM:
		command = []string{node, filepath.Join(p.node.Dir, "npm/bin/npm-cli.js"), "ci", "--ignore-scripts"}
	case PNPM:
		command = []string{node, p.pnpm(), "install", "--frozen-lockfile", "--ignore-scripts", "--store-dir", p.cache()}
	case Bun:
		command = []string{p.bun(), "install", "--frozen-lockfile", "--ignore-scripts"}
	default:
		return contest.Sample{}, fmt.Errorf("there is no way %q to install", way)
	}
	cmd := p.command(ctx, command[0], command[1:]...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return contest.Sample{}, fmt.Errorf("%s: %w\n%s", way, err, output.String())
	}
	sample := contest.Sample{Value: time.Since(start).Seconds()}
	used := cmd.ProcessState
	sample.Parts = []history.Part{{Name: Processor, Value: (used.UserTime() + used.SystemTime()).Seconds()}}
	if _, err := os.Stat(filepath.Join(p.dir, "node_modules")); err != nil {
		return contest.Sample{}, fmt.Errorf("%s: it has installed nothing: %w", way, err)
	}
	return sample, nil
}

// Processor names the part of a sample that is the processor's time, of all
// processors together.
const Processor = "processor"

func (p Project) run(ctx context.Context, name string, args ...string) error {
	if output, err := p.command(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, output)
	}
	return nil
}

// command returns a command in the project's folder, with caches that are the
// project's, and without this machine's configuration.
func (p Project) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "HOME="+p.node.Home, "PATH="+filepath.Join(p.node.Dir, "bin")+":"+os.Getenv("PATH"),
		"npm_config_cache="+filepath.Join(p.cache(), "npm"), "npm_config_globalconfig="+filepath.Join(p.node.Home, "none"),
		"npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false", "npm_config_progress=false",
		"BUN_INSTALL_CACHE_DIR="+filepath.Join(p.cache(), "bun"), "XDG_CACHE_HOME="+filepath.Join(p.cache(), "xdg"), "CI=true")
	if p.node.CA != "" {
		cmd.Env = append(cmd.Env, "NODE_EXTRA_CA_CERTS="+p.node.CA)
	}
	return cmd
}

func (p Project) cache() string { return p.dir + "-cache" }

func (p Project) pnpm() string { return filepath.Join(p.work, "node_modules/pnpm/bin/pnpm.mjs") }

func (p Project) bun() string {
	cpu := map[string]string{"amd64": "x64", "arm64": "aarch64"}[runtime.GOARCH]
	return filepath.Join(p.work, "node_modules/@oven/bun-linux-"+cpu, "bin/bun")
}
