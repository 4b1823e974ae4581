// Package nodemodules keeps the symbolic links that lead from an app's
// node_modules folders into a layer, and what npm-install and npm-start say
// to each other about them.
//
// A layer of modules repeats the project's folders: <project>/node_modules is
// a link to <layer>/node_modules, and where npm made further node_modules, in
// workspaces, <project>/packages/a/node_modules is one to
// <layer>/packages/a/node_modules. A package in there finds the ones above it
// as it would in the project.
package nodemodules

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Dir is the name of the folder that Node.js looks for.
const Dir = "node_modules"

// RelinksKey is the key in the metadata of a requirement of node_modules by
// which a buildpack promises to call [Relink] as the last of its group.
const RelinksKey = "relinks"

// AnyTargetKey is the key in the metadata of a layer of modules by which a
// buildpack says that the layer is the same for every target. A platform that
// builds for several targets may begin the others with it.
const AnyTargetKey = "any-target"

// NPMKey is the key in the same metadata by which a buildpack says that npm is
// called at launch. It should be the npm that the app asks for.
const NPMKey = "npm"

// LaunchLayerVariable is set for later buildpacks where the links lead to the
// modules of the build, and have to lead to those of this layer in the app
// image. Its value is the layer's path.
const LaunchLayerVariable = "ARMATURE_LAUNCH_MODULES"

// listFile is the file in a layer that holds a [Links].
const listFile = "links.json"

// Links are the links of a project, as paths relative to it. Those of a
// workspace are relative to the root of the workspaces.
type Links struct {
	Root   string   `json:"root,omitempty"` // that folder, where a program cannot know it otherwise
	Build  []string `json:"build"`          // those that there are while the build goes on
	Launch []string `json:"launch"`         // those that there have to be in the app image
}

// Write records the links in a layer.
func (l Links) Write(layerDir string) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(layerDir, listFile), text, 0o644); err != nil {
		return fmt.Errorf("listing the links into a layer: %w", err)
	}
	return nil
}

// Link makes each of the links, paths relative to the project, lead to the
// same path below the layer. Whatever stood in its place is removed first.
func Link(projectDir, layerDir string, links []string) error {
	for _, link := range links {
		if err := replace(filepath.Join(projectDir, link), filepath.Join(layerDir, link)); err != nil {
			return fmt.Errorf("linking node_modules: %w", err)
		}
	}
	return nil
}

// replace makes place a link to target; it is made beside it and renamed, so
// that a link that is there is never missing.
func replace(place, target string) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(place); err == nil && info.IsDir() {
		if err := os.RemoveAll(place); err != nil {
			return err
		}
	}
	beside, err := linkBeside(place, target)
	if err != nil {
		return err
	}
	return os.Rename(beside, place)
}

// linkBeside makes a link under a name beside place that nothing of the app has.
func linkBeside(place, target string) (string, error) {
	for number := 1; ; number++ {
		beside := fmt.Sprintf("%s.new-%d", place, number)
		if err := os.Symlink(target, beside); !errors.Is(err, fs.ErrExist) {
			return beside, err
		}
	}
}

// Relink makes the links that lead into the layer of modules for the build
// lead into that for the launch, as [Links] says; the second layer need not
// be on disk. A project whose node_modules is not a link is left alone.
func Relink(projectDir, launchLayerDir string) error {
	target, err := os.Readlink(filepath.Join(projectDir, Dir))
	if err != nil || filepath.Dir(target) == launchLayerDir {
		return nil // a folder, nothing at all, or done already
	}
	links, err := ReadLinks(filepath.Dir(target))
	if err != nil {
		return err
	}
	for _, link := range links.Build {
		if slices.Contains(links.Launch, link) {
			continue
		}
		if err := os.Remove(filepath.Join(projectDir, link)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a link to modules of the build: %w", err)
		}
	}
	return Link(projectDir, launchLayerDir, links.Launch)
}

// ReadLinks reads what [Links.Write] has written.
func ReadLinks(layerDir string) (Links, error) {
	text, err := os.ReadFile(filepath.Join(layerDir, listFile))
	if err != nil {
		return Links{}, fmt.Errorf("reading the links into a layer: %w", err)
	}
	var links Links
	if err := json.Unmarshal(text, &links); err != nil {
		return Links{}, fmt.Errorf("reading the links into %s: %w", layerDir, err)
	}
	return links, nil
}
