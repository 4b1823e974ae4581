package yarn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Names of configuration files in the project's folder and in HOME.
const (
	npmConfig     = ".npmrc"
	classicConfig = ".yarnrc"
	berryConfig   = ".yarnrc.yml"
)

// configuration is what the service bindings say, as files of HOME.
type configuration struct {
	npmrc string            // path of npm's configuration, or empty
	files map[string]string // texts of Yarn's, by name
}

// bindingType is the type of the service binding with Yarn's configuration.
const bindingType = "yarnrc"

// readBindings reads the service bindings of the types npmrc and yarnrc.
func readBindings(env environ.List, platformDir string, log scribe.Emitter) (configuration, error) {
	found, err := bindings.Find(servicebindings.NewResolver(), platformDir, npmrc.BindingType, bindingType)
	if err != nil {
		return configuration{}, err
	}
	c := configuration{npmrc: npmrc.Global(env)}
	if c.npmrc == "" {
		if c.npmrc, err = npmrc.Binding(found); err != nil {
			return configuration{}, err
		}
		if c.npmrc != "" {
			log.Process("Loading service binding of type '%s'", npmrc.BindingType)
			log.Break()
		}
	}
	if c.files, err = yarnBinding(found); err != nil || len(c.files) == 0 {
		return c, err
	}
	log.Process("Loading service binding of type '%s'", bindingType)
	log.Break()
	return c, nil
}

// yarnBinding returns the entries of the binding of the type yarnrc: .yarnrc for
// Yarn 1, .yarnrc.yml for later ones.
func yarnBinding(all []servicebindings.Binding) (map[string]string, error) {
	files := map[string]string{}
	count := 0
	for _, binding := range all {
		if !strings.EqualFold(binding.Type, bindingType) {
			continue
		}
		count++
		for _, name := range []string{classicConfig, berryConfig} {
			entry, ok := binding.Entries[name]
			if !ok {
				continue
			}
			text, err := entry.ReadString()
			if err != nil {
				return nil, fmt.Errorf("reading the service binding %q: %w", binding.Name, err)
			}
			files[name] = text
		}
		if len(files) == 0 {
			return nil, bindingInvalid(fmt.Sprintf("the service binding %q of the type %s has no entry %s or %s", binding.Name, bindingType, classicConfig, berryConfig))
		}
	}
	if count > 1 {
		return nil, bindingInvalid(fmt.Sprintf("there are %d service bindings of the type %s, want one at most", count, bindingType))
	}
	return files, nil
}

// home makes a temporary HOME: it has links to everything in the real one, but its
// own configuration files, whose texts are given by name.
func home(real string, files map[string]string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "yarn-home-"); err != nil {
		return "", fmt.Errorf("making a HOME for Yarn: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	entries, _ := os.ReadDir(real) // HOME may be missing
	for _, entry := range entries {
		if _, own := files[entry.Name()]; own || slices.Contains([]string{".yarn", ".cache"}, entry.Name()) {
			continue
		}
		if err := os.Symlink(filepath.Join(real, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			return "", fmt.Errorf("making a HOME for Yarn: %w", err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("making a HOME for Yarn: %w", err)
		}
	}
	return dir, nil
}

func bindingInvalid(cause string) error {
	return &failure.Failure{
		ID:     "yarnrc-binding-invalid",
		Cause:  cause,
		Remedy: fmt.Sprintf("give one binding of the type %s, a folder with the file %s for Yarn 1 or %s for later ones.", bindingType, classicConfig, berryConfig),
	}
}
