//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/descriptor"
	"github.com/armature-cnb/armature/platform/phases"
)

// chooseBuilder decides which builder builds. A builder sees the app's bindings
// and variables, so that whoever calls armature chooses it: by --builder, in a
// descriptor that --descriptor names, or in the environment. What the app's own
// project.toml names is next, and needs consent.
func (f *buildFlags) chooseBuilder(o *phases.Options, project *descriptor.Descriptor, inEnvironment string) error {
	named := ""
	if f.descriptor != "" {
		named = project.Builder
	}
	for _, chosen := range []string{f.builder, named, inEnvironment} {
		if o.Builder == "" {
			o.Builder = chosen
		}
	}
	apps := project.Builder
	if f.descriptor != "" {
		apps = ""
	}
	switch {
	case o.Builder != "" && apps != "" && apps != o.Builder:
		o.Log.Note("the builder " + apps + " of the app's project.toml is not used: " + o.Builder + " goes before")
		return nil
	case o.Builder != "":
		return nil
	case apps == "":
		return &failure.Failure{ID: "no-builder", Cause: "neither --builder nor ARMATURE_BUILDER names a builder", Remedy: "name one: build/builder/VERSION of a checkout after make builder, or a registry's."}
	case !f.trustAppBuilder:
		return &failure.Failure{
			ID: "app-builder-untrusted", Cause: "only the app's project.toml names a builder: " + apps,
			Remedy: "name one yourself with --builder or ARMATURE_BUILDER, or let the app choose the programs that see its bindings and variables with --trust-app-builder.",
		}
	}
	found, err := insideApp(o.App, apps)
	if err != nil {
		return &failure.Failure{ID: "descriptor-unusable", Cause: "reading " + filepath.Join(o.App, descriptor.Name) + ": its builder " + apps, Err: err, Remedy: "name a folder of the app that has a builder, or one in a registry."}
	}
	o.Builder, o.BuilderBy = found, "the app's project.toml"
	o.Log.Note("the app's project.toml chooses the builder: " + apps)
	return nil
}

// insideApp is what an app's own project.toml means by a builder: the absolute
// path of a folder in the app, in which there are folders and files and nothing
// that leads elsewhere, or a reference as it is.
func insideApp(app, called string) (string, error) {
	dir, err := filepath.Abs(app)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	isPath := filepath.IsAbs(called) || strings.HasPrefix(called, ".")
	path := called
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	relative, err := filepath.Rel(dir, path)
	if err != nil {
		return "", err
	}
	_, err = root.Lstat(relative)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !isPath:
		return called, nil
	case err != nil:
		return "", err
	}
	return path, fs.WalkDir(root.FS(), relative, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Type().IsRegular() {
			return err
		}
		return fmt.Errorf("%s is neither a file nor a folder", at)
	})
}
