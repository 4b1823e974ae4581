// Package managerreleases has the table of the package managers' releases: for
// each version the packages of the npm registry that are its program, with their
// checksums. tools/managerrelease writes the table.
package managerreleases

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Package is one archive in the npm registry.
type Package struct {
	Name     string // "@yarnpkg/cli-dist"
	Version  string
	Checksum checksum.Checksum // of the archive, sha512
}

// Release is one version of a package manager.
type Release struct {
	Manager  string // [packagemanager.PNPM], …
	Version  *semver.Version
	Node     string    // the range of Node.js that it runs on; empty for any, or none
	Packages []Package // of all hosts, sorted by name
}

// For returns the packages for a host, in the order in which to unpack them. It
// is false if the release lacks one.
func (r Release) For(host targets.Target) ([]Package, bool) {
	var all []Package
	for _, name := range Names(r.Manager, r.Version, host) {
		i := slices.IndexFunc(r.Packages, func(p Package) bool { return p.Name == name })
		if i < 0 {
			return nil, false
		}
		all = append(all, r.Packages[i])
	}
	return all, true
}

// IsComplete reports whether the release has its packages for every host.
func (r Release) IsComplete() bool {
	return !slices.ContainsFunc(targets.All(), func(host targets.Target) bool {
		_, ok := r.For(host)
		return !ok
	})
}

// Native reports whether a release is a program of the host's, and no Node.js
// program.
func Native(manager string, version *semver.Version) bool {
	return manager == packagemanager.Bun || manager == packagemanager.PNPM && version.Major() >= 12
}

// Names returns the packages of a version for a host, in the order in which to
// unpack them; nil for a manager that is not in the table.
func Names(manager string, version *semver.Version, host targets.Target) []string {
	switch {
	case manager == packagemanager.PNPM && version.Major() >= 12:
		return []string{"pnpm", "@pnpm/exe.linux-" + host.Node()}
	case manager == packagemanager.PNPM:
		return []string{"pnpm"}
	case manager == packagemanager.Yarn && version.Major() >= 2:
		return []string{"@yarnpkg/cli-dist"}
	case manager == packagemanager.Yarn:
		return []string{"yarn"}
	case manager == packagemanager.Bun:
		return []string{"@oven/bun-linux-" + map[string]string{"arm64": "aarch64", "x64": "x64"}[host.Node()]}
	}
	return nil
}

// Oldest is the oldest major version of each manager in the table.
var Oldest = map[string]uint64{packagemanager.PNPM: 7, packagemanager.Yarn: 1, packagemanager.Bun: 1}

// Table has the releases, by manager and then newest first.
type Table []Release

//go:embed releases.txt
var text []byte

// Known is the table of this version of the buildpack.
var Known = sync.OnceValue(func() Table {
	table, err := Parse(text)
	if err != nil {
		panic(err) // the file is part of this program, and a test reads it
	}
	return table
})

// Parse reads a table: for each package a line with the manager, the version, the
// package's name, its checksum as npm writes it, and the range of Node.js, if any.
// Lines that begin with a number sign are comments.
func Parse(text []byte) (Table, error) {
	var table Table
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.SplitN(line, " ", 5)
		if len(fields) < 4 {
			return nil, fmt.Errorf("table of package managers: got %q, want a manager, a version, a package and a checksum", line)
		}
		version, err := semver.StrictNewVersion(fields[1])
		if err != nil {
			return nil, fmt.Errorf("table of package managers: %q: %w", line, err)
		}
		sum, err := checksum.FromIntegrity(fields[3])
		if err != nil {
			return nil, fmt.Errorf("table of package managers: %q: %w", line, err)
		}
		if n := len(table); n == 0 || table[n-1].Manager != fields[0] || !table[n-1].Version.Equal(version) {
			table = append(table, Release{Manager: fields[0], Version: version})
		}
		release := &table[len(table)-1]
		release.Packages = append(release.Packages, Package{Name: fields[2], Version: fields[1], Checksum: sum})
		if len(fields) == 5 {
			release.Node = fields[4]
		}
	}
	return table, nil
}

// Find returns the release of an exact version.
func (t Table) Find(manager string, version *semver.Version) (Release, bool) {
	for _, release := range t {
		if release.Manager == manager && release.Version.Equal(version) {
			return release, true
		}
	}
	return Release{}, false
}

// Newest returns the newest release in all ranges for which every host has its
// packages.
func (t Table) Newest(manager string, ranges ...npmrange.Range) (Release, bool) {
	for _, release := range t {
		misses := func(r npmrange.Range) bool { return !r.Has(release.Version) }
		if release.Manager == manager && release.IsComplete() && !slices.ContainsFunc(ranges, misses) {
			return release, true
		}
	}
	return Release{}, false
}

// head is the first line of a table.
const head = "# Code generated by tools/managerrelease -update; DO NOT EDIT.\n" +
	"# manager, version, package, checksum, range of Node.js\n"

// Encode returns the table's text, sorted: what [Parse] reads.
func (t Table) Encode() []byte {
	sorted := slices.Clone(t)
	slices.SortStableFunc(sorted, func(a, b Release) int {
		if c := strings.Compare(a.Manager, b.Manager); c != 0 {
			return c
		}
		return b.Version.Compare(a.Version)
	})
	var b bytes.Buffer
	b.WriteString(head)
	for _, release := range sorted {
		for _, p := range release.Packages {
			line := fmt.Sprintf("%s %s %s %s %s", release.Manager, release.Version, p.Name, p.Checksum.Integrity(), release.Node)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.Bytes()
}
