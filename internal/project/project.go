// Package project finds the folder of the Node.js project inside the app.
package project

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/settings"
)

// PathVariable names the variable that points to a project below the app's
// root.
const PathVariable = "BP_NODE_PROJECT_PATH"

// Dir returns the project's folder: the app's root, or what
// BP_NODE_PROJECT_PATH points to below it. A path that leaves the app, and
// one that is not a folder, is a [failure.Failure] with the id
// project-path-invalid.
func Dir(workingDir string, getenv settings.Getenv) (string, error) {
	text := getenv(PathVariable)
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
		return "", fmt.Errorf("looking for %s %q: %w", PathVariable, text, err)
	}
	if !info.IsDir() {
		return "", invalid(text, fmt.Sprintf("%s is not a folder", dir))
	}
	return dir, nil
}

func invalid(got, why string) error {
	return &failure.Failure{
		ID:     "project-path-invalid",
		Cause:  fmt.Sprintf("could not find project path: %s is %q, but %s", PathVariable, got, why),
		Remedy: fmt.Sprintf("set %s to a folder inside the app, relative to its root, or leave it unset.", PathVariable),
	}
}
