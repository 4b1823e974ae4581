package nodeengine

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

// resolve chooses the version. It must exist for the target and for the host,
// where npm runs.
func (run *build) resolve() error {
	run.builder.Logger.Process("Choosing the Node.js version")
	if entries := run.planEntries(); len(entries) > 0 {
		run.builder.Logger.Candidates(entries)
	}
	winner := run.winner()
	version, err := run.choose(winner)
	if err != nil {
		return err
	}
	run.version = run.preferBaked(winner, version)
	version = run.version
	run.launched, _ = run.inventory.Release(version, run.target)
	run.built, _ = run.inventory.Release(version, run.builder.Host)
	run.builder.Logger.Subprocess("Selected Node.js %s (%s)", version, winner)
	run.warnOfEndOfLife(winner)
	run.warnOfIgnored(winner)
	return nil
}

// winner returns the request that decides.
func (run *build) winner() candidate {
	if len(run.demand.Candidates) == 0 {
		return candidate{Source: "default"}
	}
	return run.demand.Candidates[0]
}

// strictVariable is the setting that turns warnings into errors: for an exact
// version that does not exist, and for a range that only lines past their end
// of life satisfy.
const strictVariable = "BP_NODE_VERSION_STRICT"

// choose returns the version for the request. It chooses a version that only
// the npm registry has if the registry is known, or if no other satisfies the
// request: then the download's error names the setting.
func (run *build) choose(winner candidate) (*semver.Version, error) {
	config, err := run.npmConfig()
	if err != nil {
		return nil, err
	}
	registry, err := config.Registry()
	if err != nil {
		return nil, &failure.Failure{
			ID:     "npm-registry-invalid",
			Cause:  "the npm registry cannot be used",
			Remedy: "correct registry=… in .npmrc or the npmrc binding, or NPM_CONFIG_REGISTRY: https://registry.example.com/ for example; a variable in it has to be set during the build.",
			Err:    err,
		}
	}
	within := distribution.Restrict(run.inventory, run.source, registry != nil)
	version, err := within.Resolve(winner.Version, winner.Source, run.target, run.builder.Host)
	if err == nil {
		return version, nil
	}
	version, err = run.inventory.Resolve(winner.Version, winner.Source, run.target, run.builder.Host)
	if err == nil || run.strict {
		return version, err
	}
	return run.fallback(winner, within, err)
}

// fallback returns the replacement for a version that Resolve refuses with the
// error. For an exact version that does not exist (any more), it is the nearest
// in the same line, with a warning, preferably one in the buildpack. For a
// range that only lines past their end of life satisfy, it is the newest
// version of such a line; warnOfEndOfLife warns about it.
func (run *build) fallback(winner candidate, within *inventory.Inventory, refused error) (*semver.Version, error) {
	switch {
	case errors.Is(refused, &failure.Failure{ID: inventory.IDVersionUnknown}):
		for _, inv := range []*inventory.Inventory{run.baked(), within, run.inventory} {
			if nearest, ok := inv.Nearest(winner.Version, winner.Source, run.target, run.builder.Host); ok {
				run.builder.Logger.Subprocess("WARNING: %s asks for Node.js %s, which does not exist here: using %s. Set %s to true to make this an error.",
					winner.Source, winner.Version, nearest, strictVariable)
				return nearest, nil
			}
		}
	case errors.Is(refused, &failure.Failure{ID: inventory.IDEndOfLife}):
		for _, inv := range []*inventory.Inventory{within, run.inventory} {
			if ended, ok := inv.Ended(winner.Version, winner.Source, run.target, run.builder.Host); ok {
				run.ended = true
				return ended, nil
			}
		}
	}
	return nil, refused
}

// preferBaked returns the newest version of the same line that satisfies the
// request and has its archives in the buildpack, or else the given version. A
// buildpack that contains archives must work without a network.
func (run *build) preferBaked(winner candidate, version *semver.Version) *semver.Version {
	line := run.baked().Only(func(r inventory.Release) bool { return r.Version.Major() == version.Major() })
	if found, err := line.Resolve(winner.Version, winner.Source, run.target, run.builder.Host); err == nil {
		return found
	}
	if found, ok := line.Ended(winner.Version, winner.Source, run.target, run.builder.Host); ok {
		return found
	}
	return version
}

// baked returns the releases whose archives are in the buildpack.
func (run *build) baked() *inventory.Inventory {
	dir := filepath.Join(run.context.CNBPath, bakedDir)
	return run.inventory.Only(func(r inventory.Release) bool {
		return distribution.IsBaked(dir, distribution.Need{Release: r, NPM: true})
	})
}

// String returns the source and the request, as in the log.
func (c candidate) String() string {
	if c.Version == "" || c.Version == "default" {
		return "the default"
	}
	return fmt.Sprintf("%s: %q", c.Source, c.Version)
}

// planEntries returns the candidates with a request, in the logger's form.
func (run *build) planEntries() []packit.BuildpackPlanEntry {
	var entries []packit.BuildpackPlanEntry
	for _, c := range run.demand.Candidates {
		if c.Version != "" {
			entries = append(entries, packit.BuildpackPlanEntry{Metadata: map[string]any{
				"version": c.Version, "version-source": c.Source,
			}})
		}
	}
	return entries
}
