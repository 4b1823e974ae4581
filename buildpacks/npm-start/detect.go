package npmstart

import (
	"errors"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Detect passes if something starts the project, see package startup. It provides
// nothing, and requires at launch what that needs.
func Detect(env environ.List) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		s, err := readProject(context.WorkingDir, env)
		if err != nil {
			return packit.DetectResult{}, err
		}
		var nothing *failure.Failure
		switch err := s.decide(s.question(env), env); {
		case err == errStatic:
			return packit.DetectResult{}, packit.Fail.WithMessage("%s: %s", err, s.app.Site.Evidence)
		case errors.As(err, &nothing) && slices.Contains(nothingStarts, nothing.ID):
			return packit.DetectResult{}, fail(nothing)
		case err != nil:
			return packit.DetectResult{}, err
		}
		if err := s.readModes(env.Get); err != nil {
			return packit.DetectResult{}, err
		}
		return packit.DetectResult{Plan: packit.BuildPlan{Requires: s.requirements()}}, nil
	}
}

// nothingStarts are the ids of failures that say that a project has no process.
var nothingStarts = []string{packagejson.StartScriptMissingID, startup.TestScriptMissingID, startup.DevelopmentScriptMissingID}

// modulesRequirement is the metadata of the requirement of node_modules.
type modulesRequirement struct {
	Launch  bool `toml:"launch"`
	Relinks bool `toml:"relinks"`       // nodemodules.RelinksKey
	NPM     bool `toml:"npm,omitempty"` // nodemodules.NPMKey

	Keep []string `toml:"keep,omitempty"` // nodemodules.KeepKey

	// The manager's name, if a process calls it.
	PNPM bool `toml:"pnpm,omitempty"`
	Yarn bool `toml:"yarn,omitempty"`
	Bun  bool `toml:"bun,omitempty"`
}

// launchRequirement is the metadata of any other requirement.
type launchRequirement struct {
	Launch        bool   `toml:"launch"`
	VersionSource string `toml:"version-source,omitempty"` // why it is required at launch
}

func (s start) requirements() []packit.BuildPlanRequirement {
	launch := func(name string) packit.BuildPlanRequirement {
		return packit.BuildPlanRequirement{Name: name, Metadata: launchRequirement{Launch: true}}
	}
	all := []packit.BuildPlanRequirement{launch(buildplan.Node)}
	reason := s.npmReason()
	if !s.tini || reason != "" {
		all = append(all, packit.BuildPlanRequirement{
			Name:     buildplan.NPM,
			Metadata: launchRequirement{Launch: reason != "", VersionSource: reason},
		})
	}
	if s.tini {
		all = append(all, launch(buildplan.Tini))
	}
	if why := s.bunReason(); why != "" {
		all = append(all, packit.BuildPlanRequirement{Name: buildplan.Bun, Metadata: launchRequirement{Launch: true, VersionSource: why}})
	}
	all = append(all, packit.BuildPlanRequirement{Name: buildplan.NodeModules, Metadata: modulesRequirement{
		Launch: true, Relinks: true, NPM: reason != "", Keep: s.kept, PNPM: s.calls("pnpm", "pnpx"), Yarn: s.calls("yarn"), Bun: s.calls("bun", "bunx"),
	}})
	if s.reload {
		all = append(all, launch(buildplan.Watchexec))
	}
	return all
}
