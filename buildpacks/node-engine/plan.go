package nodeengine

import (
	"cmp"
	"math"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// candidate is a version that an entry of the buildpack plan asks for.
type candidate struct {
	Version string // a version, range or alias; empty or "default" for no request
	Source  string // the version-source; "<unknown>" if the entry has none
}

// unknownSource is for an entry without a version-source, from another
// buildpack.
const unknownSource = "<unknown>"

// demand is what the buildpack plan requires.
type demand struct {
	Candidates  []candidate // by precedence; the first decides
	Node        bool        // whether the plan has an entry for node at all
	AtBuild     bool        // whether Node.js is wanted during the build
	AtLaunch    bool        // whether it is wanted in the app image
	NPMAtLaunch bool        // whether npm is wanted in the app image
	NPMSource   string      // the source of that entry; may be empty
}

// readPlan collects the entries for node and npm.
func readPlan(plan packit.BuildpackPlan) demand {
	var d demand
	for _, entry := range plan.Entries {
		if entry.Name != buildplan.Node && entry.Name != buildplan.NPM {
			continue
		}
		build, _ := entry.Metadata["build"].(bool)
		launch, _ := entry.Metadata["launch"].(bool)
		d.AtBuild = d.AtBuild || build
		d.AtLaunch = d.AtLaunch || launch
		switch entry.Name {
		case buildplan.Node:
			d.Node = true
			d.Candidates = append(d.Candidates, newCandidate(entry.Metadata))
		case buildplan.NPM:
			if launch && !d.NPMAtLaunch {
				d.NPMAtLaunch = true
				d.NPMSource, _ = entry.Metadata["version-source"].(string)
			}
		}
	}
	slices.SortStableFunc(d.Candidates, func(a, b candidate) int {
		return cmp.Compare(a.priority(), b.priority())
	})
	return d
}

func newCandidate(metadata map[string]any) candidate {
	version, _ := metadata["version"].(string)
	source, known := metadata["version-source"].(string)
	if !known {
		source = unknownSource
	}
	return candidate{Version: version, Source: source}
}

// priorities are the sources with precedence over all others, highest first.
var priorities = append([]string{versionVariable, "package.json"}, versionfile.Sources()...)

// priority is lower for higher precedence. Entries without a request come last.
func (c candidate) priority() int {
	i := slices.Index(priorities, c.Source)
	switch {
	case c.Version == "":
		return math.MaxInt
	case i < 0:
		return len(priorities)
	}
	return i
}
