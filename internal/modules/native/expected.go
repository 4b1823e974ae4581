package native

import (
	"maps"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
)

// Expectation is how a package's native files come about, as far as a lockfile
// says.
type Expectation int

// The expectations.
const (
	None     Expectation = iota // it has no native files, or nothing says so
	Binary                      // the package has the target's binaries
	Fetches                     // its install script takes or fetches binaries, and compiles without any
	Compiles                    // its install script compiles
)

// String says it in words.
func (e Expectation) String() string {
	return [...]string{"has no native files", "comes as a binary", "comes as a binary where there is one for the target, or else is compiled", "is compiled"}[e]
}

// Packages that install scripts use, and what the scripts do with them. A package
// that has one of the first ones compiles only without a binary.
var (
	fetching  = []string{"prebuild-install", "node-gyp-build", "node-gyp-build-optional-packages", "@mapbox/node-pre-gyp", "node-pre-gyp", "pkg-prebuilds", "install-artifact-from-github", "napi-postinstall"}
	compilers = []string{"node-addon-api", "nan", "node-gyp", "cmake-js", "napi-macros", "bindings"}
)

// Expect returns what a package of a lockfile brings for a target. Lockfiles of some
// managers do not list install scripts; then the tools decide that it depends on.
func Expect(lock deps.Graph, p deps.Package, t targets.Target) (e Expectation, because string) {
	platform := deps.PlatformOf(t)
	switch {
	case !p.InNodeModules() || p.Link || !p.RunsOn(platform):
		return None, ""
	case p.IsBinaryFor(platform):
		return Binary, "it is for " + t.String() + " only"
	case !p.HasInstallScript && lock.ListsScripts():
		return None, ""
	}
	for name := range p.OptionalDeps {
		found, ok := lock.Resolve(p.Path, name)
		if ok && found.Link {
			found, ok = lock.Package(found.To)
		}
		if ok && found.IsBinaryFor(platform) {
			return None, "" // that one has the files
		}
	}
	for _, one := range []struct {
		names []string
		means Expectation
	}{{fetching, Fetches}, {compilers, Compiles}} {
		for _, name := range slices.Sorted(maps.Keys(p.Dependencies)) {
			if slices.Contains(one.names, name) {
				return one.means, "it depends on " + name
			}
		}
	}
	return None, ""
}
