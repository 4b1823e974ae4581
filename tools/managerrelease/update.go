package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// document is the part of the registry's document about a package that counts.
type document struct {
	Versions map[string]struct {
		Engines struct {
			Node string `json:"node"`
		} `json:"engines"`
		Dist struct {
			Integrity string `json:"integrity"`
		} `json:"dist"`
	} `json:"versions"`
}

// Update returns the table with the registry's releases in addition: those that
// are no prerelease, and for which at least one host has all packages.
func Update(ctx context.Context, registry string, known managerreleases.Table, stderr io.Writer) (managerreleases.Table, error) {
	documents := map[string]document{}
	all := map[string]managerreleases.Release{} // by manager and version
	for _, manager := range slices.Sorted(maps.Keys(managerreleases.Oldest)) {
		for _, main := range mains(manager) {
			doc, err := read(ctx, documents, registry, main)
			if err != nil {
				return nil, err
			}
			for text := range doc.Versions {
				version, err := semver.StrictNewVersion(text)
				if err != nil || version.Prerelease() != "" || version.Major() < managerreleases.Oldest[manager] {
					continue
				}
				names := packages(manager, version)
				if !slices.Contains(names, main) {
					continue
				}
				release := managerreleases.Release{Manager: manager, Version: version}
				for _, name := range names {
					if err := add(ctx, documents, registry, &release, name); err != nil {
						return nil, err
					}
				}
				if slices.ContainsFunc(targets.All(), func(host targets.Target) bool { _, ok := release.For(host); return ok }) {
					all[manager+" "+text] = release
				}
			}
		}
	}
	return join(known, all, stderr)
}

// packages returns the packages of a version for all hosts, sorted.
func packages(manager string, version *semver.Version) (all []string) {
	for _, host := range targets.All() {
		all = append(all, managerreleases.Names(manager, version, host)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// mains returns the packages whose versions are those of the manager.
func mains(manager string) (all []string) {
	for _, major := range []uint64{managerreleases.Oldest[manager], 99} {
		version := semver.New(major, 0, 0, "", "")
		if managerreleases.Native(manager, version) && manager == "pnpm" {
			continue // it has the package of the older versions, too
		}
		all = append(all, packages(manager, version)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// add adds a package to a release, if the registry has it.
func add(ctx context.Context, documents map[string]document, registry string, release *managerreleases.Release, name string) error {
	doc, err := read(ctx, documents, registry, name)
	if err != nil {
		return err
	}
	version, ok := doc.Versions[release.Version.String()]
	if !ok {
		return nil
	}
	sum, err := checksum.FromIntegrity(version.Dist.Integrity)
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, release.Version, err)
	}
	if version.Engines.Node != "" && !managerreleases.Native(release.Manager, release.Version) {
		release.Node = version.Engines.Node
	}
	release.Packages = append(release.Packages, managerreleases.Package{Name: name, Version: release.Version.String(), Checksum: sum})
	return nil
}

// join adds what is new to the table, and reports how much that is.
func join(known managerreleases.Table, all map[string]managerreleases.Release, stderr io.Writer) (managerreleases.Table, error) {
	for _, old := range known {
		key := old.Manager + " " + old.Version.String()
		release, ok := all[key]
		if !ok {
			all[key] = old
			continue
		}
		for _, was := range old.Packages {
			i := slices.IndexFunc(release.Packages, func(p managerreleases.Package) bool { return p.Name == was.Name })
			switch {
			case i < 0:
				release.Packages = append(release.Packages, was)
			case release.Packages[i] != was:
				return nil, fmt.Errorf("%s %s: got %s, want %s, which the table has", was.Name, was.Version, release.Packages[i].Checksum, was.Checksum)
			}
		}
		slices.SortFunc(release.Packages, func(a, b managerreleases.Package) int { return strings.Compare(a.Name, b.Name) })
		all[key] = release
	}
	table := slices.Collect(maps.Values(all))
	fmt.Fprintf(stderr, "%d releases, %d of them new\n", len(table), len(table)-len(known))
	return table, nil
}

// read returns the registry's document about a package, asking once for each.
func read(ctx context.Context, documents map[string]document, registry, name string) (document, error) {
	if doc, ok := documents[name]; ok {
		return doc, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(registry, "/")+"/"+strings.Replace(name, "/", "%2f", 1), nil)
	if err != nil {
		return document{}, err
	}
	request.Header.Set("Accept", "application/vnd.npm.install-v1+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return document{}, fmt.Errorf("asking for %s: %w", name, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return document{}, fmt.Errorf("asking for %s: got the status %s, want 200", name, response.Status)
	}
	var doc document
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<20)).Decode(&doc); err != nil {
		return document{}, fmt.Errorf("asking for %s: %w", name, err)
	}
	documents[name] = doc
	return doc, nil
}
