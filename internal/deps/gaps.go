package deps

import (
	"sort"
)

// Gap is an optional package for one platform that a package of the lockfile
// names and the lockfile does not have, though it has such packages for other
// platforms. npm up to 11.5 leaves such gaps when it writes a lockfile from
// the node_modules of one platform, and says nothing (npm/cli#4828).
type Gap struct {
	Name  string // of the package that is missing: "@esbuild/linux-arm64"
	Range string // that is asked for, mostly an exact version
	By    Package
}

// Gaps returns what the lockfile lacks for a platform, sorted by name. Packages
// that only devDependencies need count when dev is set.
//
// A name tells what platform the package is for, by the words that such names
// are made of. What the names of a package do not offer for the platform is no
// gap, nor is one where the lockfile has none of a package's platforms.
func (g Graph) Gaps(want Platform, dev bool) []Gap {
	var gaps []Gap
	for _, p := range append([]Package{g.Root}, g.Packages...) {
		if p.InBundle || p.Dev && !dev || !p.RunsOn(want) {
			continue
		}
		optional := p.OptionalDeps
		if g.Sparse {
			optional = p.Dependencies // nobody tells them apart
		}
		gaps = append(gaps, g.gapsOf(p, optional, want)...)
	}
	sort.SliceStable(gaps, func(i, j int) bool { return gaps[i].Name < gaps[j].Name })
	return gaps
}

func (g Graph) gapsOf(p Package, optional map[string]string, want Platform) []Gap {
	var gaps []Gap
	hasOthers := false
	for name, wanted := range optional {
		offered, ok := platformIn(name)
		if !ok {
			continue
		}
		if _, found := g.Resolve(p.Path, name); found {
			hasOthers = true
		} else if offered.fits(want) {
			gaps = append(gaps, Gap{Name: name, Range: wanted, By: p})
		}
	}
	if !hasOthers {
		return nil
	}
	return gaps
}
