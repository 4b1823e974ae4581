package nodeengine

import (
	"cmp"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// candidate is a version that an entry of the buildpack plan asks for.
type candidate struct {
	Version string // a version, range or alias; empty or "default" for no request
	Source  string // who asks; "<unknown>" when the entry does not say
}

// unknownSource stands for an entry that does not say who asks: that of another
// buildpack.
const unknownSource = "<unknown>"

// demand is what the buildpack plan asks for.
type demand struct {
	Candidates  []candidate // in the order of priority; the first decides
	Node        bool        // whether the plan has an entry for node at all
	AtBuild     bool        // whether Node.js is wanted during the build
	AtLaunch    bool        // whether it is wanted in the app image
	NPMAtLaunch bool        // whether npm is wanted in the app image
	NPMSource   string      // which entry wants that; may be empty
}

// readPlan gathers the entries for node and npm.
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
	d.Candidates = slices.Compact(d.Candidates)
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

// priorities are the sources that go before all others, first the highest.
var priorities = append([]string{versionVariable, "package.json"}, versionfile.Sources()...)

// priority is lower for what goes first. No request goes last, whoever has it.
func (c candidate) priority() int {
	i := slices.Index(priorities, c.Source)
	switch {
	case c.Version == "":
		return len(priorities) + 1
	case i < 0:
		return len(priorities)
	}
	return i
}
