// Package programs chooses the version of a project's package manager, and
// installs its program into a layer: from the npm registry, or from the app. The
// table of package managerreleases has the versions and their checksums; an exact
// version that the table lacks has the checksum that the registry gives.
package programs

import (
	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Request is a version of a package manager, and what asks for it.
type Request struct {
	Manager string // "pnpm"
	Version string // "10.34.9"; empty for a vendored program whose name does not say it
	Source  string // "packageManager of package.json"

	layer  string // the name of the layer; empty for the manager's
	path   string // of the program in the app; empty for one of the registry
	digest string // of packageManager, "sha512.<hex>"; or empty
}

// Variables are the settings for the versions.
var Variables = map[string]string{
	packagemanager.PNPM: "BP_PNPM_VERSION",
	packagemanager.Yarn: "BP_YARN_VERSION",
	packagemanager.Bun:  "BP_BUN_VERSION",
}

// defaults are the ranges for a project without a lockfile that asks for none.
var defaults = map[string]string{packagemanager.PNPM: "10", packagemanager.Yarn: "1", packagemanager.Bun: "1"}

// Choose chooses the version of the package manager of a project: that of
// [Variables], of the app's own program (yarnPath), of packageManager,
// devEngines, engines, mise.toml, .tool-versions or volta, the one that the
// lockfile is of, or a default. A range has the newest release of the table in it,
// of the lockfile's line if possible. It asks no network. Errors are
// [failure.Failure]s.
func Choose(env environ.List, p managerchoice.Place, choice managerchoice.Choice) (Request, error) {
	manager := choice.Manager
	if spec := env.Get(Variables[manager]); spec != "" {
		return resolve(manager, wish{spec: spec, source: Variables[manager], exact: true})
	}
	if manager == packagemanager.Yarn {
		if request, ok, err := vendored(p); ok || err != nil {
			return request, err
		}
	}
	wishes, err := wishesOf(p, choice)
	if err != nil {
		return Request{}, err
	}
	implied, err := impliedBy(p, choice)
	if err != nil {
		return Request{}, err
	}
	if len(wishes) > 0 {
		wishes[0].preferred = implied.spec
		return resolve(manager, wishes[0])
	}
	if implied.spec != "" {
		return resolve(manager, implied)
	}
	return resolve(manager, wish{spec: defaults[manager], source: "the default"})
}

// Newest returns the newest release of a manager in the table, for a layer with a
// name of its own beside the app's. Why is for the log.
func Newest(manager, layer, why string) Request {
	return Request{Manager: manager, Version: newest(manager), Source: why, layer: layer}
}

// wish is what one source asks for.
type wish struct {
	spec      string // a version or a range
	source    string
	digest    string // of the program
	exact     bool   // its newest release counts, whatever the lockfile is of
	preferred string // a range: the lockfile's line
}

// resolve finds the exact version.
func resolve(manager string, w wish) (Request, error) {
	request := Request{Manager: manager, Source: w.source, digest: w.digest}
	if version, err := semver.StrictNewVersion(w.spec); err == nil {
		request.Version = version.String()
		return request, supported(request, version)
	}
	spec := w.spec
	if spec == "latest" {
		spec = "*"
	}
	wanted, err := npmrange.Parse(spec)
	if err != nil {
		return Request{}, invalid(manager, w)
	}
	table := managerreleases.Known()
	if preferred, err := npmrange.Parse(w.preferred); err == nil && w.preferred != "" && !w.exact {
		if release, ok := table.Newest(manager, wanted, preferred); ok {
			request.Version = release.Version.String()
			return request, nil
		}
	}
	release, ok := table.Newest(manager, wanted)
	if !ok {
		return Request{}, unknown(manager, w)
	}
	request.Version = release.Version.String()
	return request, nil
}
