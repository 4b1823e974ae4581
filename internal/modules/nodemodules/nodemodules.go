// Package nodemodules manages the symbolic links from an app's node_modules folders
// into a layer, and the protocol between npm-install and npm-start about them.
//
// A layer of modules mirrors the project's folders: <project>/node_modules links to
// <layer>/node_modules, and if npm made further node_modules in workspaces,
// <project>/packages/a/node_modules links to <layer>/packages/a/node_modules. A
// package there finds those above it as in the project.
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

// RelinksKey is the metadata key in a requirement of node_modules with which a
// buildpack promises to call [Relink] as the last of its group.
const RelinksKey = "relinks"

// AnyTargetKey is the key in the metadata of a layer of modules by which a
// buildpack says that the layer is the same for every target. A platform that
// builds for several targets may begin the others with it.
const AnyTargetKey = "any-target"

// NPMKey is the key in the same metadata by which a buildpack says that npm is
// called at launch. It should be the npm that the app asks for.
const NPMKey = "npm"

// KeepKey is the key in the same metadata by which a buildpack lists packages for
// development that the app needs at launch, too. They have no dependencies of
// their own.
const KeepKey = "keep"

// LaunchLayerVariable is set for later buildpacks if the links point to
// build-modules and must point to the launch layer in the app image. Its value is
// that layer's path.
const LaunchLayerVariable = "ARMATURE_LAUNCH_MODULES"

// listFile is the file in a layer that holds a [Links].
const listFile = "links.json"

// Links are the links of a project, as paths relative to the project, or to the
// root of its workspaces.
type Links struct {
	Root   string   `json:"root,omitempty"` // that folder, if a program cannot know it otherwise
	Build  []string `json:"build"`          // links during the build
	Launch []string `json:"launch"`         // links in the app image
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

// Link replaces each of the paths, relative to the project, with a link to the same
// path below the layer.
func Link(projectDir, layerDir string, links []string) error {
	for _, link := range links {
		if err := replace(filepath.Join(projectDir, link), filepath.Join(layerDir, link)); err != nil {
			return fmt.Errorf("linking node_modules: %w", err)
		}
	}
	return nil
}

// replace atomically replaces place with a link to target.
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

// linkBeside makes a link beside place, under a name that the app does not use.
func linkBeside(place, target string) (string, error) {
	for number := 1; ; number++ {
		beside := fmt.Sprintf("%s.new-%d", place, number)
		if err := os.Symlink(target, beside); !errors.Is(err, fs.ErrExist) {
			return beside, err
		}
	}
}

// Relink points the links into build-modules to the launch layer, as [Links] says;
// the launch layer need not be on disk. It does nothing if the project's
// node_modules is not a link.
func Relink(projectDir, launchLayerDir string) error {
	target, err := os.Readlink(filepath.Join(projectDir, Dir))
	if err != nil || filepath.Dir(target) == launchLayerDir {
		return nil // a folder, missing, or already relinked
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

// ReadLinks reads the file that [Links.Write] wrote.
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
