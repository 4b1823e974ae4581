package nodeengine

import (
	"fmt"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/buildplan"
	"github.com/armature-cnb/armature/internal/inventory"
	"github.com/armature-cnb/armature/internal/project"
	"github.com/armature-cnb/armature/internal/settings"
)

// versionVariable is the setting that goes before every file.
const versionVariable = "BP_NODE_VERSION"

// wish is the metadata of the entries that detect requires. It says nothing
// of build and launch: whoever uses Node.js does.
type wish struct {
	Version       string `toml:"version"`
	VersionSource string `toml:"version-source"`
}

// Detect always passes, unless BP_NODE_PROJECT_PATH is wrong (exit status
// 100) or the version file that would decide cannot be read as a version
// (exit status 1). A bad file that something goes before is left out of the
// plan with a warning.
func Detect(getenv settings.Getenv, logger scribe.Emitter) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		dir, err := project.Dir(context.WorkingDir, getenv)
		if err != nil {
			return packit.DetectResult{}, packit.Fail.WithMessage("%s", err)
		}
		wishes, err := wishes(dir, context.CNBPath, getenv, logger)
		if err != nil {
			return packit.DetectResult{}, err
		}
		return packit.DetectResult{Plan: plan(wishes)}, nil
	}
}

// plan offers node alone first, and else node and npm.
func plan(wishes []wish) packit.BuildPlan {
	var requires []packit.BuildPlanRequirement
	for _, w := range wishes {
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

// wishes are the versions asked for, in the order .nvmrc, BP_NODE_VERSION,
// .node-version.
func wishes(dir, buildpackDir string, getenv settings.Getenv, logger scribe.Emitter) ([]wish, error) {
	fromEnv := getenv(versionVariable)
	decided := fromEnv != "" || hasEngine(dir) // whether something goes before the files
	rc, err := nvmrcWish(dir, buildpackDir)
	if err != nil {
		if !decided {
			return nil, err
		}
		logger.Process("WARNING: %s is left out of account: %s", nvmrc, err)
	}
	file, err := nodeVersionWish(dir)
	if err != nil {
		if !decided && rc == "" {
			return nil, err
		}
		logger.Process("WARNING: %s is left out of account: %s", nodeVersion, err)
	}
	var found []wish
	for _, w := range []wish{{rc, nvmrc}, {fromEnv, versionVariable}, {file, nodeVersion}} {
		if w.Version != "" {
			found = append(found, w)
		}
	}
	return found, nil
}

// nvmrcWish needs the inventory, for what the aliases mean.
func nvmrcWish(dir, buildpackDir string) (string, error) {
	line, err := readVersionFile(filepath.Join(dir, nvmrc))
	if err != nil || line == "" {
		return "", err
	}
	inv, err := inventory.Read(filepath.Join(buildpackDir, "buildpack.toml"))
	if err != nil {
		return "", fmt.Errorf("looking up what %q means: %w", line, err)
	}
	return parseNvmrc(line, inv)
}

func nodeVersionWish(dir string) (string, error) {
	line, err := readVersionFile(filepath.Join(dir, nodeVersion))
	if err != nil || line == "" {
		return "", err
	}
	return parseNodeVersion(line)
}
