// Command archives fills a folder with the pinned archives of Node.js that a
// build would download, under the names that node-engine expects in its
// dependencies folder: <algorithm>-<hex>. With them in a buildpackage, a build
// downloads nothing.
//
//	archives -lines 24,22 -targets linux/arm64,linux/amd64 -out build/archives
//
// For each line it takes the version that exists for all targets, and its npm.
// It keeps archives with the right checksum, and removes those of other
// versions. Sources are node-engine's: nodejs.org, or the npm registry in npm's
// configuration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("archives", run) }

// order has the values of the flags.
type order struct {
	lines     []string
	targets   []targets.Target
	out       string
	source    string
	buildpack string // path of node-engine's buildpack.toml
}

func run(ctx context.Context, args []string, log io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	all, err := inventory.Read(o.buildpack)
	if err != nil {
		return err
	}
	finder, err := o.finder(log)
	if err != nil {
		return err
	}
	registry, err := finder.Config.Registry()
	if err != nil {
		return err
	}
	needs, err := o.needs(distribution.Restrict(all, o.source, registry != nil), log)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	found, err := finder.Find(ctx, needs...)
	if err != nil {
		return err
	}
	return o.prune(found, log)
}

func parse(args []string) (order, error) {
	var o order
	flags := flag.NewFlagSet("archives", flag.ContinueOnError)
	lines := flags.String("lines", "", "release lines, versions or aliases, for example 24,22 or lts/*")
	names := flags.String("targets", "linux/arm64,linux/amd64", "targets that each version must exist for")
	flags.StringVar(&o.out, "out", "", "folder for the archives")
	source := flags.String("source", distribution.Auto, "auto, nodejs.org or npm")
	flags.StringVar(&o.buildpack, "buildpack", "buildpacks/node-engine/buildpack.toml", "the inventory")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *lines == "" || o.out == "" {
		return o, errors.New("-lines and -out are needed, for example -lines 24 -out build/archives")
	}
	o.lines = strings.Split(*lines, ",")
	for name := range strings.SplitSeq(*names, ",") {
		t, err := targets.Parse(strings.TrimSpace(name))
		if err != nil {
			return o, fmt.Errorf("-targets: %w", err)
		}
		o.targets = append(o.targets, t)
	}
	var err error
	o.source, err = settings.OneOf(func(string) string { return *source }, "-source",
		distribution.Auto, distribution.NodeJSOrg, distribution.NPM)
	return o, err
}

// needs resolves the lines as a build for any target on any host would.
func (o order) needs(inv *inventory.Inventory, log io.Writer) ([]distribution.Need, error) {
	var needs []distribution.Need
	for _, line := range o.lines {
		version, err := inv.Resolve(line, "-lines", o.targets...)
		if ended, ok := inv.Ended(line, "-lines", o.targets...); ok {
			fmt.Fprintf(log, "  WARNING: %s\n", strings.SplitN(err.Error(), "\n", 2)[0])
			version, err = ended, nil
		}
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(log, "  Node.js %s (-lines: %q)\n", version, line)
		for _, t := range o.targets {
			release, _ := inv.Release(version, t)
			needs = append(needs, distribution.Need{Release: release, NPM: true})
		}
	}
	return needs, nil
}

func (o order) finder(log io.Writer) (*distribution.Finder, error) {
	roots, err := cacerts.Pool(nil)
	if err != nil {
		return nil, err
	}
	rewrites, err := distribution.NewRewrites(os.Environ(), nil)
	if err != nil {
		return nil, err
	}
	home, _ := os.UserHomeDir() // without one there is no .npmrc
	config, err := npmrc.Load(npmrc.Sources{Environ: os.Environ(), HomeDir: home})
	if err != nil {
		return nil, err
	}
	return &distribution.Finder{
		Source: o.source, Baked: o.out, Dir: o.out, Client: fetch.New(roots), Rewrites: rewrites, Config: config,
		Repair: true,
		Log:    func(format string, arguments ...any) { fmt.Fprintf(log, "  "+format+"\n", arguments...) },
	}, nil
}

// prune removes archives that are not in found. Files whose names are no
// checksums stay.
func (o order) prune(found []distribution.Found, log io.Writer) error {
	wanted := map[string]bool{}
	for _, f := range found {
		for _, path := range []string{f.Node, f.NPM} {
			if path != "" {
				wanted[filepath.Base(path)] = true
			}
		}
	}
	entries, err := os.ReadDir(o.out)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		_, err := checksum.Parse(strings.Replace(entry.Name(), "-", ":", 1))
		if err != nil || wanted[entry.Name()] {
			continue
		}
		fmt.Fprintf(log, "  Removing %s: no line needs it any more\n", entry.Name())
		if err := os.Remove(filepath.Join(o.out, entry.Name())); err != nil {
			return err
		}
	}
	fmt.Fprintf(log, "  %s holds %d archives\n", o.out, len(wanted))
	return nil
}
