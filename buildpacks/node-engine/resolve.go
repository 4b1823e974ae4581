package nodeengine

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/inventory"
	"github.com/armature-cnb/armature/internal/nodesource"
)

// resolve chooses the version, which must exist for the target and for the
// host, where npm runs.
func (run *build) resolve() error {
	run.Logger.Process("Choosing the Node.js version")
	winner := candidate{Source: "default"}
	if len(run.Candidates) > 0 {
		if entries := run.planEntries(); len(entries) > 0 {
			run.Logger.Candidates(entries)
		}
		winner = run.Candidates[0]
	}
	version, err := run.choose(winner)
	if err != nil {
		return err
	}
	run.version = run.preferBaked(winner, version)
	version = run.version
	run.launched, _ = run.inventory.Release(version, run.target)
	run.built, _ = run.inventory.Release(version, run.Host)
	run.Logger.Subprocess("Selected Node.js %s (%s)", version, winner)
	run.warnOfEndOfLife()
	return nil
}

// strictVariable is the setting that makes an error of an exact version that
// does not exist.
const strictVariable = "BP_NODE_VERSION_STRICT"

// choose returns the version that the wish leads to. One that only the npm
// registry has is chosen where it is known which registry that is, or when
// nothing else will do: then the download says what to set. In place of an
// exact one that does not exist, or no longer, goes the nearest of the same
// line, with a warning: of those in the buildpack, if there are any.
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
	within := nodesource.Restrict(run.inventory, run.source, registry != nil)
	version, err := within.Resolve(winner.Version, winner.Source, run.target, run.Host)
	if err == nil {
		return version, nil
	}
	version, err = run.inventory.Resolve(winner.Version, winner.Source, run.target, run.Host)
	if run.strict || !errors.Is(err, &failure.Failure{ID: inventory.IDVersionUnknown}) {
		return version, err
	}
	for _, inv := range []*inventory.Inventory{run.baked(), within, run.inventory} {
		if nearest, ok := inv.Nearest(winner.Version, winner.Source, run.target, run.Host); ok {
			run.Logger.Subprocess("WARNING: %s asks for Node.js %s, which does not exist here: using %s. Set %s to true to make this an error.",
				winner.Source, winner.Version, nearest, strictVariable)
			return nearest, nil
		}
	}
	return nil, err
}

// preferBaked returns the newest version of the same line that satisfies the
// wish and whose archives are in the buildpack, or else the version given. A
// buildpack that was packaged with archives is to be used without a network.
func (run *build) preferBaked(winner candidate, version *semver.Version) *semver.Version {
	line := run.baked().Only(func(r inventory.Release) bool { return r.Version.Major() == version.Major() })
	if found, err := line.Resolve(winner.Version, winner.Source, run.target, run.Host); err == nil {
		return found
	}
	return version
}

// baked are the releases whose archives are in the buildpack.
func (run *build) baked() *inventory.Inventory {
	dir := filepath.Join(run.CNBPath, bakedDir)
	return run.inventory.Only(func(r inventory.Release) bool {
		return nodesource.IsBaked(dir, nodesource.Need{Release: r, NPM: true})
	})
}

// String is the source and the wish, as the log tells a decision.
func (c candidate) String() string {
	if c.Version == "" || c.Version == "default" {
		return "the default"
	}
	return fmt.Sprintf("%s: %q", c.Source, c.Version)
}

// planEntries are the candidates that have a wish, in the form that the logger
// prints.
func (run *build) planEntries() []packit.BuildpackPlanEntry {
	var entries []packit.BuildpackPlanEntry
	for _, c := range run.Candidates {
		if c.Version == "" {
			continue
		}
		entries = append(entries, packit.BuildpackPlanEntry{Metadata: map[string]any{
			"version": c.Version, "version-source": c.Source,
		}})
	}
	return entries
}

// endOfLifeNotice is how long before the end of life the log begins to warn.
const endOfLifeNotice = 30 * 24 * time.Hour

func (run *build) warnOfEndOfLife() {
	end := run.launched.EndOfLife
	switch {
	case end.IsZero() || run.Now.Before(end.Add(-endOfLifeNotice)):
		return
	case run.Now.Before(end):
		run.Logger.Subprocess("WARNING: Node.js %d reaches its end of life on %s and gets no security fixes from then on. Move to a newer line.",
			run.version.Major(), end.Format(time.DateOnly))
	default:
		run.Logger.Subprocess("WARNING: Node.js %d reached its end of life on %s and gets no security fixes any more. Move to a newer line.",
			run.version.Major(), end.Format(time.DateOnly))
	}
}
