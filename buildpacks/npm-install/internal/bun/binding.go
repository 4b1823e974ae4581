package bun

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// bindingType is the type of the service binding with Bun's configuration.
const bindingType = "bunfig"

// globalFile is the name of Bun's configuration of the user, in XDG_CONFIG_HOME or
// else in HOME. Of two values for a setting that of the project's bunfig.toml counts.
const globalFile = ".bunfig.toml"

// readBunfig returns the text of the user's configuration with that of the service
// binding, of which the user's values count; it is empty without a binding.
func readBunfig(env environ.List, platformDir string) (string, error) {
	found, err := bindings.Find(servicebindings.NewResolver(), platformDir, bindingType)
	if err != nil || len(found) == 0 {
		return "", err
	}
	if len(found) > 1 {
		return "", bunfigInvalid(fmt.Sprintf("there are %d service bindings of the type %s, want one at most", len(found), bindingType), nil)
	}
	binding := found[0]
	entry, ok := binding.Entries[configFile]
	if !ok {
		entry, ok = binding.Entries[globalFile]
	}
	if !ok {
		return "", bunfigInvalid(fmt.Sprintf("the service binding %q of the type %s has no entry %s", binding.Name, bindingType, configFile), nil)
	}
	text, err := entry.ReadString()
	if err != nil {
		return "", fmt.Errorf("reading the service binding %q: %w", binding.Name, err)
	}
	all := map[string]any{}
	if _, err := toml.Decode(text, &all); err != nil {
		return "", bunfigInvalid(fmt.Sprintf("%s of the service binding %q cannot be decoded", configFile, binding.Name), err)
	}
	own, err := readUsers(env)
	if err != nil {
		return "", err
	}
	merge(all, own)
	var merged bytes.Buffer
	if err := toml.NewEncoder(&merged).Encode(all); err != nil {
		return "", err
	}
	return merged.String(), nil
}

// readUsers reads the user's own configuration; it is empty without one.
func readUsers(env environ.List) (all map[string]any, err error) {
	for _, variable := range []string{"XDG_CONFIG_HOME", "HOME"} {
		if env.Get(variable) == "" {
			continue
		}
		text, err := regular.ReadFile(filepath.Join(env.Get(variable), globalFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // Bun looks into the first folder alone
		}
		if err != nil {
			return nil, fmt.Errorf("reading Bun's configuration: %w", err)
		}
		if _, err := toml.Decode(string(text), &all); err != nil {
			return nil, bunfigInvalid(fmt.Sprintf("the user's %s cannot be decoded", globalFile), err)
		}
		return all, nil
	}
	return nil, nil
}

// merge puts values over others; tables are joined.
func merge(all, over map[string]any) {
	for name, value := range over {
		inner, isTable := value.(map[string]any)
		below, wasTable := all[name].(map[string]any)
		if isTable && wasTable {
			merge(below, inner)
			continue
		}
		all[name] = value
	}
}

func bunfigInvalid(cause string, err error) error {
	return &failure.Failure{
		ID: "bunfig-binding-invalid", Cause: cause, Err: err,
		Remedy: fmt.Sprintf("give one binding of the type %s, a folder with the file %s, as Bun reads it from a project.", bindingType, configFile),
	}
}
