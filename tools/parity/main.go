// Command parity compares the installer of npm's lockfiles with npm itself:
//
//	parity -corpus DIR [-app NAME] [-npm FOLDER] [-work DIR]
//	parity -install DIR | -resolve DIR [-npm FOLDER] [-node VERSION] [-work DIR]
//	parity -random COUNT [-seed NUMBER] [-from NUMBER] [-npm FOLDER] [-work DIR]
//
// Every folder below the corpus with a package.json and a lockfile of npm's is
// installed with `npm ci --ignore-scripts` and with the installer, for both
// targets, with and without development dependencies, without the addresses of
// archives in the lockfile and with those of the configured registry. The two trees
// have to be the same: names, modes, links and contents. Scripts are never run.
//
// With -install it only installs the project in a folder with the installer, and
// with -resolve it only writes the addresses into its lockfile: for the benchmark.
//
// With -random the projects are random sets of the public packages in packages.txt,
// whose lockfiles npm writes: of a seed, always the same sets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("parity", run) }

func run(ctx context.Context, args []string, log io.Writer) (err error) {
	flags := flag.NewFlagSet("parity", flag.ContinueOnError)
	corpus := flags.String("corpus", "", "the folder with the apps")
	app := flags.String("app", "", "only the apps whose folder has this in its path")
	npm := flags.String("npm", "", "the folder of npm's package; by default that of the npm on the PATH")
	work := flags.String("work", "", "a folder for the trees and npm's cache; by default a temporary one")
	forms := flags.String("forms", "plain,resolved", "forms of the lockfile: plain is as it is, resolved has the registry's addresses")
	random := flags.Int("random", 0, "compare this many random projects instead of a corpus")
	seed := flags.Uint64("seed", 1, "of the random projects")
	from := flags.Uint64("from", 0, "the number of the first random project")
	targets := flags.String("targets", "arm64,x64", "CPUs to install for")
	install := flags.String("install", "", "only install the project in this folder, for this machine")
	resolve := flags.String("resolve", "", "only write the registry's addresses into the lockfile in this folder")
	node := flags.String("node", "", "the version of Node.js; by default that of the node on the PATH")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if _, err := os.Stat(*corpus); *random == 0 && *install == "" && *resolve == "" && (*corpus == "" || err != nil) {
		return fmt.Errorf("the corpus %q is not there: want a folder with apps", *corpus)
	}
	if *work == "" {
		dir, err := os.MkdirTemp("", "parity-*")
		if err != nil {
			return err
		}
		*work = dir
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if err := os.MkdirAll(*work, 0o755); err != nil {
		return err
	}
	c := comparison{work: *work, archives: filepath.Join(*work, "archives"), log: log, forms: strings.Split(*forms, ","), cpus: strings.Split(*targets, ",")}
	c.nodeVersion = *node
	if err := c.find(*npm); err != nil {
		return err
	}
	switch {
	case *resolve != "":
		return c.addAddresses(*resolve)
	case *install != "":
		return c.install(ctx, *install)
	}
	if *random > 0 {
		c.archives = filepath.Join(c.cache(), "_cacache", "content-v2") // each is fetched once
		return errors.Join(c.random(ctx, *seed, *from, *random), c.summary())
	}
	apps, err := find(*corpus, *app)
	if err != nil {
		return err
	}
	for _, one := range apps {
		if err := c.app(ctx, *corpus, one); err != nil {
			return fmt.Errorf("%s: %w", one, err)
		}
	}
	return c.summary()
}

// find returns the folders of a corpus with a lockfile of npm's, sorted.
func find(corpus, part string) (apps []string, err error) {
	err = filepath.WalkDir(corpus, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != npmlock.PackageLock && entry.Name() != npmlock.Shrinkwrap {
			return err
		}
		dir, err := filepath.Rel(corpus, filepath.Dir(path))
		if _, missing := os.Stat(filepath.Join(filepath.Dir(path), packagejson.FileName)); missing == nil && strings.Contains(dir, part) {
			apps = append(apps, dir)
		}
		return err
	})
	slices.Sort(apps)
	return slices.Compact(apps), err
}

// find finds npm's folder and the versions.
func (c *comparison) find(npm string) error {
	if npm == "" {
		path, err := exec.LookPath("npm")
		if err != nil {
			return err
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
		npm = filepath.Dir(filepath.Dir(path))
	}
	pkg, err := packagejson.Read(npm)
	if err != nil {
		return err
	}
	if c.nodeVersion == "" {
		output, err := exec.Command("node", "--version").Output()
		if err != nil {
			return err
		}
		c.nodeVersion = strings.TrimPrefix(strings.TrimSpace(string(output)), "v")
	}
	c.npm, c.npmVersion = npm, pkg.Version
	fmt.Fprintf(c.log, "npm %s, Node.js %s\n", c.npmVersion, c.nodeVersion)
	return nil
}
