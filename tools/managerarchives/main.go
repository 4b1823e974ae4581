// Command managerarchives fills a folder with the archives of package managers'
// programs that a build would download, under the names that npm-install expects in its
// dependencies folder: <algorithm>-<hex>. With them in a buildpackage, builds with these
// releases need no registry for them.
//
//	managerarchives -lines pnpm-10,yarn-4 -targets linux/arm64,linux/amd64 -out build/managers
//
// For each line it takes the newest release of the table of package managerreleases,
// which is the one that a build chooses for a range or a lockfile of that line. It keeps
// archives with the right checksum, and removes those of other releases. The registry is
// that of npm's configuration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("managerarchives", run) }

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("managerarchives", flag.ContinueOnError)
	lines := flags.String("lines", "", "lines of managers, such as pnpm-10,yarn-4; all when empty")
	names := flags.String("targets", "linux/arm64,linux/amd64", "targets whose programs are needed")
	out := flags.String("out", "", "folder for the archives")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		return errors.New("-out is missing")
	}
	wanted, err := choose(managerreleases.Known(), *lines)
	if err != nil {
		return err
	}
	var all []targets.Target
	for name := range strings.SplitSeq(*names, ",") {
		t, err := targets.Parse(strings.TrimSpace(name))
		if err != nil {
			return fmt.Errorf("-targets: %w", err)
		}
		all = append(all, t)
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	packages, err := packagesOf(wanted, all)
	if err != nil {
		return err
	}
	if err := download(ctx, packages, *out, log); err != nil {
		return err
	}
	return prune(packages, *out)
}

// lineOf names the line of a release: "pnpm-10".
func lineOf(r managerreleases.Release) string {
	return fmt.Sprintf("%s-%d", r.Manager, r.Version.Major())
}

// choose returns the newest complete release of each line, or of those that a list
// with commas between names.
func choose(table managerreleases.Table, list string) (all []managerreleases.Release, err error) {
	newest := map[string]managerreleases.Release{}
	var known []string
	for _, release := range table { // by manager, newest first
		if line := lineOf(release); release.IsComplete() && !slices.Contains(known, line) {
			known, newest[line] = append(known, line), release
		}
	}
	wanted := known
	if list != "" {
		wanted = strings.Split(list, ",")
	}
	for _, line := range wanted {
		release, ok := newest[strings.TrimSpace(line)]
		if !ok {
			return nil, fmt.Errorf("-lines has %q, want some of %s", line, strings.Join(known, ","))
		}
		all = append(all, release)
	}
	return all, nil
}

// packagesOf returns the packages of releases for targets, each once.
func packagesOf(releases []managerreleases.Release, all []targets.Target) (packages []managerreleases.Package, err error) {
	for _, release := range releases {
		for _, t := range all {
			found, ok := release.For(t)
			if !ok {
				return nil, fmt.Errorf("%s %s does not exist for %s", release.Manager, release.Version, t)
			}
			for _, p := range found {
				if !slices.Contains(packages, p) {
					packages = append(packages, p)
				}
			}
		}
	}
	return packages, nil
}

// download fetches the packages that a folder lacks.
func download(ctx context.Context, packages []managerreleases.Package, to string, log io.Writer) error {
	roots, err := cacerts.Pool(nil)
	if err != nil {
		return err
	}
	home, _ := os.UserHomeDir() // without one there is no .npmrc
	config, err := npmrc.Load(npmrc.Sources{Environ: os.Environ(), HomeDir: home})
	if err != nil {
		return err
	}
	base, err := config.Registry()
	if err != nil {
		return err
	}
	if base == nil {
		return errors.New("npm's configuration names no registry: set NPM_CONFIG_REGISTRY")
	}
	client := fetch.New(roots)
	size := int64(0)
	for _, p := range packages {
		path := filepath.Join(to, p.Checksum.FileName())
		if err := p.Checksum.Verify(path); err != nil {
			if err := client.Download(ctx, file(config, base, p), path); err != nil {
				return fmt.Errorf("downloading %s %s: %w", p.Name, p.Version, err)
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		size += info.Size()
		fmt.Fprintf(log, "  %s %s: %.1f MB\n", p.Name, p.Version, float64(info.Size())/1e6)
	}
	fmt.Fprintf(log, "  all: %.1f MB\n", float64(size)/1e6)
	return nil
}

// file returns the request for a package's archive.
func file(config *npmrc.Config, base *url.URL, p managerreleases.Package) fetch.File {
	f := fetch.File{URL: npmrc.Tarball(base, p.Name, p.Version), Checksum: p.Checksum}
	if header := config.Authorization(f.URL); header != "" {
		f.Header = http.Header{"Authorization": {header}}
	}
	return f
}

// prune removes the archives of other packages. Files whose names are no checksums
// stay.
func prune(packages []managerreleases.Package, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, err := checksum.Parse(strings.Replace(entry.Name(), "-", ":", 1)); err != nil {
			continue
		}
		if !slices.ContainsFunc(packages, func(p managerreleases.Package) bool { return p.Checksum.FileName() == entry.Name() }) {
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
