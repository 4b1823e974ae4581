// Package taskrunner knows the programs that run the scripts of a monorepo's
// workspaces and keep what these made: Turborepo and Nx.
package taskrunner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/tailscale/hujson"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Runner is a task runner of a monorepo.
type Runner struct {
	Name string // of its package and of its program: "turbo"

	files     []string
	variables func(cache string) []string
	writes    []string // folders in the root and in workspaces
	ordered   bool     // it builds the dependencies of a workspace first
}

var known = []Runner{
	{
		Name: "turbo", files: []string{"turbo.json", "turbo.jsonc"}, writes: []string{".turbo"},
		variables: func(cache string) []string {
			return []string{"TURBO_TELEMETRY_DISABLED=1", "TURBO_NO_UPDATE_NOTIFIER=1", "TURBO_DAEMON=false", "TURBO_CACHE_DIR=" + filepath.Join(cache, "turbo")}
		},
	},
	{
		Name: "nx", files: []string{"nx.json"}, writes: []string{".nx/cache", ".nx/workspace-data"},
		variables: func(cache string) []string {
			return []string{"NX_DAEMON=false", "NX_INTERACTIVE=false", "NX_NO_CLOUD=true", "NX_CACHE_DIRECTORY=" + filepath.Join(cache, "nx"), "NX_WORKSPACE_DATA_DIRECTORY=" + filepath.Join(cache, "nx-data")}
		},
	},
}

// Find returns the task runner of the monorepo in a folder: its package is a
// dependency of the root, and its configuration is there. A configuration that
// cannot be read is a [failure.Failure] with the id task-runner-invalid.
func Find(dir string, root packagejson.Package) (r Runner, found bool, err error) {
	for _, r := range known {
		if root.Dependencies[r.Name] == "" && root.DevDependencies[r.Name] == "" {
			continue
		}
		for _, name := range r.files {
			text, err := regular.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil && r.Name == "turbo" {
				r.ordered, err = buildsInOrder(text)
			}
			if err != nil {
				return r, false, &failure.Failure{
					ID: "task-runner-invalid", Cause: fmt.Sprintf("%s cannot be read", name), Err: regular.TooLarge(err),
					Remedy: fmt.Sprintf("correct it: `npx %s run build` should then say the same as on your machine.", r.Name),
				}
			}
			return r, true, nil
		}
	}
	return Runner{}, false, nil
}

// buildsInOrder reports whether Turborepo's task build comes after that of a
// workspace's dependencies ("dependsOn": ["^build"]; up to version 1, tasks are in
// "pipeline").
func buildsInOrder(text []byte) (bool, error) {
	standard, err := hujson.Standardize(text)
	if err != nil {
		return false, err
	}
	type tasks map[string]struct {
		DependsOn []string `json:"dependsOn"`
	}
	var config struct {
		Tasks    tasks `json:"tasks"`
		Pipeline tasks `json:"pipeline"`
	}
	if err := json.Unmarshal(standard, &config); err != nil {
		return false, err
	}
	return slices.Contains(config.Tasks["build"].DependsOn, "^build") || slices.Contains(config.Pipeline["build"].DependsOn, "^build"), nil
}

// Variables returns the variables, as NAME=VALUE, with which the runner keeps its
// results in a folder, and neither stays in the background nor reports what it does.
func (r Runner) Variables(cache string) []string { return r.variables(cache) }

// Build returns the arguments with which the runner builds a workspace after its
// dependencies. Scripts see all variables, as without the runner: what the runner
// keeps must not be for other variables, which it does not all know. Ok is false if its configuration does not ask for that order, or if
// it would refuse to run: Turborepo does in a root without packageManager.
func (r Runner) Build(root, workspace packagejson.Package) (args []string, ok bool) {
	if !r.ordered || workspace.Name == "" || root.PackageManager == "" {
		return nil, false
	}
	args = []string{"run", "build", "--filter=" + workspace.Name}
	if !versionOne.MatchString(root.Dependencies[r.Name] + root.DevDependencies[r.Name]) {
		args = append(args, "--env-mode=loose")
	}
	return args, true
}

// versionOne matches a range of Turborepo up to version 1, which has no such flag in
// all its releases, and hides no variables by itself.
var versionOne = regexp.MustCompile(`^[^0-9a-z]*[01]\b`)

// Written returns the folders that the runner writes besides its results, in the
// root and in workspaces, given relative to the root.
func (r Runner) Written(folders []string) (all []string) {
	for _, folder := range append([]string{"."}, folders...) {
		for _, place := range r.writes {
			all = append(all, path.Join(folder, place))
		}
	}
	return all
}
