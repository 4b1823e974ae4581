package pnpm

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// workspaceFile has pnpm's settings, and the globs of the workspaces if it has the
// key packages.
const workspaceFile = packagemanager.PNPMWorkspace

// invalidID is the id of the [failure.Failure] for an invalid [workspaceFile].
const invalidID = "pnpm-workspace-invalid"

// choices are the settings of pnpm that decide something here. pnpm 11 and later
// ignore those of package.json, and pnpm before 10.5 those of the file.
type choices struct {
	Packages                 []string       `yaml:"packages"`
	OnlyBuilt                *[]string      `yaml:"onlyBuiltDependencies"`
	OnlyBuiltFile            string         `yaml:"onlyBuiltDependenciesFile"`
	NeverBuilt               *[]string      `yaml:"neverBuiltDependencies"`
	IgnoredBuilt             []string       `yaml:"ignoredBuiltDependencies"`
	AllowBuilds              map[string]any `yaml:"allowBuilds"`
	AllowAllBuilds           bool           `yaml:"dangerouslyAllowAllBuilds"`
	StrictDepBuilds          *bool          `yaml:"strictDepBuilds"`
	MinimumReleaseAge        *float64       `yaml:"minimumReleaseAge"`
	PatchedDependencies      map[string]any `yaml:"patchedDependencies"`
	SupportedArchitectures   map[string]any `yaml:"supportedArchitectures"`
	NodeLinker               string         `yaml:"nodeLinker"`
	ScriptShell              string         `yaml:"scriptShell"`
	IgnoreScripts            bool           `yaml:"ignoreScripts"`
	VirtualStoreDirMaxLength int            `yaml:"virtualStoreDirMaxLength"`
}

// readSettings returns the settings that a version of pnpm reads in the root's
// folder.
func readSettings(dir string, v version) (s choices, err error) {
	if v.readsManifest() {
		pkg, err := packagejson.ReadFields(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		if own, ok := pkg["pnpm"]; ok {
			if err := remarshal(own, &s); err != nil {
				return s, &failure.Failure{
					ID: packagejson.InvalidID, Err: err,
					Cause:  fmt.Sprintf("the field pnpm of %s cannot be used", filepath.Join(dir, packagejson.FileName)),
					Remedy: "correct it; https://pnpm.io/settings has the form of each setting.",
				}
			}
		}
	}
	text, err := regular.ReadFile(filepath.Join(dir, workspaceFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		text, err = textfile.Decode(text)
	}
	var file choices
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		return s, &failure.Failure{
			ID: invalidID, Err: err,
			Cause:  fmt.Sprintf("%s cannot be used", filepath.Join(dir, workspaceFile)),
			Remedy: "correct it; https://pnpm.io/settings has the form of each setting.",
		}
	}
	if !v.readsFile() {
		s.Packages = file.Packages
		return s, nil
	}
	return s, yaml.Unmarshal(text, &s)
}

// remarshal decodes a value of JSON into a struct with YAML's names.
func remarshal(value, into any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}
