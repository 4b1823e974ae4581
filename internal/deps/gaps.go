package deps

import (
	"sort"
)

// Gap is a missing optional package: another package in the lockfile depends on it
// for one platform, and the lockfile has only such packages for other platforms.
// npm up to 11.5 silently leaves such gaps when it writes a lockfile from the
// node_modules of one platform (npm/cli#4828).
type Gap struct {
	Name  string // the missing package: "@esbuild/linux-arm64"
	Range string // its requested range, mostly an exact version
	By    Package
}

// Gaps returns the lockfile's gaps for a platform, sorted by name. Packages that
// only devDependencies need are included with dev.
//
// A package's name tells its platform. It is no gap if a package names no optional
// package for the platform, or if the lockfile has none of its optional packages.
func (g Graph) Gaps(want Platform, dev bool) []Gap {
	var gaps []Gap
	for _, p := range append([]Package{g.Root}, g.Packages...) {
		if p.InBundle || p.Dev && !dev || !p.RunsOn(want) {
			continue
		}
		optional := p.OptionalDeps
		if g.Sparse {
			optional = p.Dependencies // optional dependencies are not marked
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
