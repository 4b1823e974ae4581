// Package project finds the folder of the Node.js project in the app, and its
// workspace root.
package project

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
)

// InvalidID is the id of the [failure.Failure] for a path that is no folder of
// the app.
const InvalidID = "project-path-invalid"

// Project is the location of a Node.js project.
type Project struct {
	Dir string // its folder, absolute

	// Root is the folder with the project's lockfile, .npmrc and node_modules:
	// Dir itself or, for a workspace, its workspace root.
	Root string

	// Chosen says why a workspace is the project although no setting says so. It is
	// empty otherwise.
	Chosen string
}

// Workspace returns a workspace's path below its root, with slashes; empty for
// a project that is no workspace.
func (p Project) Workspace() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.Dir, p.Root), "/")
}

// Find returns the project, see [Dir]; without BP_NODE_PROJECT_PATH, and if nothing
// starts the app's root, that is the workspace that its start script names, or the
// only one that can be started. Its root is the nearest folder above,
// inside the app, whose package.json lists it as a workspace, unless only the
// project has a lockfile (of any package manager), or only the project has one
// of npm's. A package.json above that is not JSON is an error.
func Find(workingDir string, getenv settings.Getenv) (Project, error) {
	dir, err := Dir(workingDir, getenv)
	if err != nil {
		return Project{}, err
	}
	chosen := ""
	if getenv(settings.ProjectPath) == "" {
		workspace, err := only(workingDir, getenv)
		if err != nil {
			return Project{}, err
		}
		if workspace != nil {
			dir = filepath.Join(workingDir, workspace.Folder)
			chosen = fmt.Sprintf("%s (%s)", workspace.Because, workspace.Evidence())
		}
	}
	for root := dir; root != workingDir; {
		root = filepath.Dir(root)
		lists, err := listsWorkspace(root, dir)
		if err != nil {
			return Project{}, err
		}
		if lists {
			return Project{Dir: dir, Root: root, Chosen: chosen}, nil
		}
	}
	return Project{Dir: dir, Root: dir, Chosen: chosen}, nil
}

// Dir returns the project's folder: the app's root, or BP_NODE_PROJECT_PATH
// below it. A path that leaves the app, or is no folder, is a [failure.Failure]
// with [InvalidID].
func Dir(workingDir string, getenv settings.Getenv) (string, error) {
	text := getenv(settings.ProjectPath)
	if text == "" {
		return workingDir, nil
	}
	dir := filepath.Join(workingDir, text)
	if dir != workingDir && !strings.HasPrefix(dir, strings.TrimSuffix(workingDir, "/")+"/") {
		return "", invalid(text, "it leads out of the app")
	}
	info, err := os.Stat(dir)
	if os.IsNotExist(err) {
		return "", invalid(text, fmt.Sprintf("there is no %s", dir))
	}
	if err != nil {
		return "", fmt.Errorf("looking for %s %q: %w", settings.ProjectPath, text, err)
	}
	if !info.IsDir() {
		return "", invalid(text, fmt.Sprintf("%s is not a folder", dir))
	}
	return dir, nil
}

func invalid(got, why string) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  fmt.Sprintf("could not find project path: %s is %q, but %s", settings.ProjectPath, got, why),
		Remedy: fmt.Sprintf("set %s to a folder inside the app, relative to its root, or leave it unset.", settings.ProjectPath),
	}
}
