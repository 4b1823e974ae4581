//go:build linux

package platform

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
)

// chosen is the builder of a build: its name, and who chose it if not the caller:
// see phases.Options.
type chosen struct{ builder, by string }

// chooseBuilder returns the builder. A builder sees the app's bindings and
// variables, so the caller chooses it: in the request, in a descriptor that the
// request names, or in the environment. Last comes the builder of the app's own
// project.toml, which needs consent.
func (r Request) chooseBuilder(project *descriptor.Descriptor, log *progress.Log) (chosen, error) {
	named, apps := "", project.Builder
	if r.Descriptor != "" {
		named, apps = project.Builder, ""
	}
	builder := cmp.Or(r.Builder, named, environment(r.Getenv)(builderVariable))
	switch {
	case builder != "" && apps != "" && apps != builder:
		log.Note("the builder " + apps + " of the app's project.toml is not used: " + builder + " goes before")
		return chosen{builder: builder}, nil
	case builder != "":
		return chosen{builder: builder}, nil
	case apps == "":
		return chosen{}, noBuilder()
	case !r.TrustAppBuilder:
		return chosen{}, &failure.Failure{
			ID: "app-builder-untrusted", Cause: "only the app's project.toml names a builder: " + apps,
			Remedy: "name one yourself with --builder or ARMATURE_BUILDER, or let the app choose the programs that see its bindings and variables with --trust-app-builder.",
		}
	}
	found, err := insideApp(r.App, apps)
	if err != nil {
		return chosen{}, &failure.Failure{ID: "descriptor-unusable", Cause: "reading " + filepath.Join(r.App, descriptor.Name) + ": its builder " + apps, Err: err, Remedy: "name a folder of the app that has a builder, or one in a registry."}
	}
	log.Note("the app's project.toml chooses the builder: " + apps)
	return chosen{found, "the app's project.toml"}, nil
}

// builderVariable names the default builder.
const builderVariable = "ARMATURE_BUILDER"

func noBuilder() error {
	return &failure.Failure{ID: "no-builder", Cause: "neither --builder nor ARMATURE_BUILDER names a builder", Remedy: "name one: build/builder/VERSION of a checkout after make builder, or a registry's."}
}

// insideApp resolves the builder of an app's own project.toml: it returns the
// absolute path of a folder in the app, which may hold only folders and regular
// files, or a reference unchanged.
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
