package nodeengine

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// versionVariable is the setting that takes precedence over every file.
const versionVariable = "BP_NODE_VERSION"

// request is the metadata of the entries that detect requires. It has no build
// and launch: the buildpacks that use Node.js set those.
type request struct {
	Version       string `toml:"version"`
	VersionSource string `toml:"version-source"`
}

// Detect passes, unless BP_NODE_PROJECT_PATH is wrong (exit status 100) or the
// version file with the highest precedence is invalid (exit status 1). Detect
// warns about any other invalid file and leaves it out of the plan.
func Detect(env environ.List, log scribe.Emitter) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		found, err := find(context.WorkingDir, env.Get)
		if err != nil {
			return packit.DetectResult{}, err
		}
		requests, err := requests(versionfile.Folder(found.Dir, found.Root), context.CNBPath, env.Get, log)
		if err != nil {
			return packit.DetectResult{}, err
		}
		return packit.DetectResult{Plan: plan(requests)}, nil
	}
}

// find returns the project. If a package.json above it cannot be read, find
// treats the project as no workspace; npm-install reports the error.
func find(workingDir string, getenv settings.Getenv) (project.Project, error) {
	dir, err := project.Dir(workingDir, getenv)
	if err != nil {
		return project.Project{}, packit.Fail.WithMessage("%s", err)
	}
	found, err := project.Find(workingDir, getenv)
	if err != nil {
		return project.Project{Dir: dir, Root: dir}, nil
	}
	return found, nil
}

// plan provides node alone, or alternatively node and npm.
func plan(requests []request) packit.BuildPlan {
	var requires []packit.BuildPlanRequirement
	for _, w := range requests {
		requires = append(requires, packit.BuildPlanRequirement{Name: buildplan.Node, Metadata: w})
	}
	node := packit.BuildPlanProvision{Name: buildplan.Node}
	npm := packit.BuildPlanProvision{Name: buildplan.NPM}
	return packit.BuildPlan{
		Provides: []packit.BuildPlanProvision{node},
		Requires: requires,
		Or: []packit.BuildPlan{{
			Provides: []packit.BuildPlanProvision{node, npm},
			Requires: requires,
		}},
	}
}

// requests returns the requested versions, in the order .nvmrc,
// BP_NODE_VERSION, and then the other files as [nodeversion.Find] has them.
func requests(dir, buildpackDir string, getenv settings.Getenv, logger scribe.Emitter) ([]request, error) {
	fromEnv := getenv(versionVariable)
	aliases := &aliases{path: filepath.Join(buildpackDir, "buildpack.toml")}
	found, err := versionfile.Find(dir, aliases, fromEnv != "" || versionfile.HasEngine(dir), func(source string, err error) {
		logger.Process("WARNING: %s is left out of account: %s", source, err)
	})
	if aliases.err != nil {
		return nil, fmt.Errorf("looking up what an alias means: %w", aliases.err)
	}
	if err != nil {
		return nil, err
	}
	var all []request
	for _, w := range found {
		all = append(all, request{w.Version, w.Source})
	}
	if fromEnv == "" {
		return all, nil
	}
	at := 0
	if len(all) > 0 && all[0].VersionSource == versionfile.Nvmrc {
		at = 1
	}
	return slices.Insert(all, at, request{fromEnv, versionVariable}), nil
}

// aliases resolves the inventory's aliases. It reads the inventory on first
// use, since few projects use any.
type aliases struct {
	path      string
	inventory *inventory.Inventory
	err       error
}

// Alias does what [inventory.Inventory.Alias] does.
func (a *aliases) Alias(name string) (string, bool) {
	if a.inventory == nil && a.err == nil {
		a.inventory, a.err = inventory.Read(a.path)
	}
	if a.err != nil {
		return "", false
	}
	return a.inventory.Alias(name)
}
