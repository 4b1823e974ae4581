// Package inventory reads the Node.js releases from the buildpack.toml of
// armature/node-engine: release lines, versions per target, and each version's
// pins for both sources. It uses no network and no clock, so the same inventory
// always gives the same answers.
package inventory

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/pelletier/go-toml/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// Inventory is the result of [Read]. It is immutable.
type Inventory struct {
	defaultVersion string         // a range; empty when the file has none
	defaultLine    npmrange.Range // the same, parsed; has no version if the file has none
	lines          []Line         // newest first
	releases       []Release      // newest version first, targets in the file's order
	index          map[key]int    // into releases
}

type key struct {
	version string
	target  targets.Target
}

// Line is a release line: all versions with one major number.
type Line struct {
	Number   int       // 24
	Codename string    // lower case, "krypton"; empty if the line is not (yet) an LTS line
	LTS      time.Time // start of LTS; zero if never
	EndOf    time.Time // its end of life; zero if unknown
	Newest   time.Time // date of its newest release; zero if unknown
}

// Pin is the address of a file and its checksum.
type Pin struct {
	URI      string // of a nodejs.org archive; empty for a package
	Package  string // name in the npm registry; empty for an archive
	Version  string // of the package
	Checksum checksum.Checksum
}

// IsZero reports whether the source does not have the release.
func (p Pin) IsZero() bool { return p == Pin{} }

// Release is one version for one target, with the pins of both sources.
type Release struct {
	Version *semver.Version
	Target  targets.Target

	Archive    Pin    // nodejs.org's archive, which has npm too; zero if only the npm registry has the version
	Package    Pin    // the npm registry's package of Node alone; zero if there is none
	NPM        Pin    // the npm registry's package of Node's npm; zero if Package is
	NPMVersion string // of the npm that Node ships; empty when not known

	CPE, PURL string
	Licenses  []string // SPDX ids
	EndOfLife time.Time
}

// document is the part of buildpack.toml that is read.
type document struct {
	Metadata struct {
		DefaultVersions map[string]string `toml:"default-versions"`
		Lines           []struct {
			Line          int    `toml:"line"`
			Codename      string `toml:"codename"`
			LTS           string `toml:"lts"`
			EndOfLife     string `toml:"end-of-life"`
			NewestRelease string `toml:"newest-release"`
		} `toml:"lines"`
		NPMReleases []struct {
			Version  string `toml:"version"`
			Checksum string `toml:"checksum"`
		} `toml:"npm-releases"`
		Dependencies []dependency `toml:"dependencies"`
	} `toml:"metadata"`
}

type dependency struct {
	ID              string    `toml:"id"`
	Version         string    `toml:"version"`
	OS              string    `toml:"os"`
	Arch            string    `toml:"arch"`
	URI             string    `toml:"uri"`
	Checksum        string    `toml:"checksum"`
	CPE             string    `toml:"cpe"`
	PURL            string    `toml:"purl"`
	Licenses        []string  `toml:"licenses"`
	DeprecationDate time.Time `toml:"deprecation_date"`
	NPMVersion      string    `toml:"npm-version"`
	NPMPackage      string    `toml:"npm-package"`
	NPMChecksum     string    `toml:"npm-checksum"`
}

// Read reads the tables below [metadata] of the buildpack.toml at path. A value
// in another form than tools/noderelease writes is an error.
func Read(path string) (*Inventory, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc document
	// Every build reads this file, and this library is eight times as fast as
	// others.
	if err := toml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	inv, err := parse(doc)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return inv, nil
}

func parse(doc document) (*Inventory, error) {
	inv := &Inventory{defaultVersion: doc.Metadata.DefaultVersions["node"]}
	if inv.defaultVersion != "" {
		var err error
		if inv.defaultLine, err = npmrange.Parse(inv.defaultVersion); err != nil {
			return nil, fmt.Errorf("default version %q: %w", inv.defaultVersion, err)
		}
	}
	for _, l := range doc.Metadata.Lines {
		line := Line{Number: l.Line, Codename: l.Codename}
		for _, d := range []struct {
			text string
			into *time.Time
		}{{l.LTS, &line.LTS}, {l.EndOfLife, &line.EndOf}, {l.NewestRelease, &line.Newest}} {
			if d.text == "" {
				continue
			}
			var err error
			if *d.into, err = time.Parse(time.DateOnly, d.text); err != nil {
				return nil, fmt.Errorf("line %d: %w", l.Line, err)
			}
		}
		inv.lines = append(inv.lines, line)
	}
	npm := map[string]string{}
	for _, n := range doc.Metadata.NPMReleases {
		npm[n.Version] = n.Checksum
	}
	for _, d := range doc.Metadata.Dependencies {
		if d.ID != "node" {
			continue
		}
		release, err := d.release(npm[d.NPMVersion])
		if err != nil {
			return nil, fmt.Errorf("node %s for %s/%s: %w", d.Version, d.OS, d.Arch, err)
		}
		inv.releases = append(inv.releases, release)
	}
	slices.SortFunc(inv.lines, func(a, b Line) int { return b.Number - a.Number })
	slices.SortStableFunc(inv.releases, func(a, b Release) int { return b.Version.Compare(a.Version) })
	inv.reindex()
	return inv, nil
}

func (inv *Inventory) reindex() {
	inv.index = map[key]int{}
	for i, r := range inv.releases {
		inv.index[key{r.Version.String(), r.Target}] = i
	}
}

// Only returns the inventory with only the releases that keep reports true for.
func (inv *Inventory) Only(keep func(Release) bool) *Inventory {
	only := *inv
	only.releases = slices.DeleteFunc(slices.Clone(inv.releases), func(r Release) bool { return !keep(r) })
	only.reindex()
	return &only
}

// release validates and converts a dependency. npmChecksum is that of its npm,
// or empty.
func (d dependency) release(npmChecksum string) (Release, error) {
	version, err := semver.StrictNewVersion(d.Version)
	if err != nil {
		return Release{}, err
	}
	t, err := targets.Parse(d.OS + "/" + d.Arch)
	if err != nil {
		return Release{}, err
	}
	r := Release{
		Version: version, Target: t, NPMVersion: d.NPMVersion,
		CPE: d.CPE, PURL: d.PURL, Licenses: d.Licenses, EndOfLife: d.DeprecationDate,
	}
	if d.URI != "" {
		if r.Archive, err = pin(Pin{URI: d.URI}, d.Checksum); err != nil {
			return Release{}, err
		}
	}
	if d.NPMPackage != "" && npmChecksum != "" {
		if r.Package, err = pin(Pin{Package: d.NPMPackage, Version: d.Version}, d.NPMChecksum); err != nil {
			return Release{}, err
		}
		if r.NPM, err = pin(Pin{Package: "npm", Version: d.NPMVersion}, npmChecksum); err != nil {
			return Release{}, err
		}
	}
	if r.Archive.IsZero() && r.Package.IsZero() {
		return Release{}, fmt.Errorf("it has neither a uri nor an npm-package whose npm is in npm-releases")
	}
	return r, nil
}

func pin(p Pin, text string) (Pin, error) {
	var err error
	p.Checksum, err = checksum.Parse(text)
	return p, err
}

// Release returns the release of a version for a target.
func (inv *Inventory) Release(version *semver.Version, t targets.Target) (Release, bool) {
	i, ok := inv.index[key{version.String(), t}]
	if !ok {
		return Release{}, false
	}
	return inv.releases[i], true
}

// Line returns the release line with the number.
func (inv *Inventory) Line(number int) (Line, bool) {
	for _, l := range inv.lines {
		if l.Number == number {
			return l, true
		}
	}
	return Line{}, false
}

// asOf returns the newest day in the inventory: of a line's newest release, or
// on which a line with a codename became LTS. It replaces the current date, so
// that answers depend only on the inventory.
func (inv *Inventory) asOf() time.Time {
	var day time.Time
	for _, l := range inv.lines {
		if l.Newest.After(day) {
			day = l.Newest
		}
		if l.Codename != "" && l.LTS.After(day) {
			day = l.LTS
		}
	}
	return day
}
