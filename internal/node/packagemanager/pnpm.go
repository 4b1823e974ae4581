package packagemanager

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// ListsForPNPM reports whether a folder below dir, a path with slashes, is a
// project of pnpm's workspace there: the globs of pnpm-workspace.yaml match it, or
// pnpm-lock.yaml has it. A pnpm-workspace.yaml without packages has settings only.
func ListsForPNPM(dir, folder string, matches func(globs []string, folder string) bool) (bool, error) {
	globs, err := PNPMPackages(dir)
	if err != nil || matches(globs, folder) {
		return err == nil, err
	}
	text, err := regular.ReadFile(filepath.Join(dir, pnpmLock))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for lockfiles: %w", regular.TooLarge(err))
	}
	name := regexp.QuoteMeta(path.Clean(folder))
	importer := regexp.MustCompile(`(?m)^  ['"]?` + name + `['"]?:\s*(?:\{\s*\}\s*)?$`)
	_, importers, ok := bytes.Cut(text, []byte("importers:"))
	return ok && importer.Match(importers), nil
}

// PNPMWorkspace is the name of the file with pnpm's workspaces and settings.
const PNPMWorkspace = "pnpm-workspace.yaml"

// PNPMPackages returns the globs of pnpm's workspaces in the pnpm-workspace.yaml
// of a folder; none without that file. What is not YAML is a [failure.Failure]
// with the id pnpm-workspace-invalid.
func PNPMPackages(dir string) ([]string, error) {
	text, err := regular.ReadFile(filepath.Join(dir, PNPMWorkspace))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading pnpm's workspaces: %w", regular.TooLarge(err))
	}
	var file struct {
		Packages []string `yaml:"packages"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, &failure.Failure{
			ID:     "pnpm-workspace-invalid",
			Cause:  fmt.Sprintf("%s cannot be read", filepath.Join(dir, PNPMWorkspace)),
			Remedy: "correct the file: packages is a list of globs (- packages/*).",
			Err:    err,
		}
	}
	return file.Packages, nil
}
