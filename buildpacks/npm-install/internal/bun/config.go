package bun

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// config is the configuration of the registry, besides the project's own files.
// Bun reads npm's configuration of the project and of the user, and not the global
// one, which is what a binding is.
type config struct {
	binding  string // path of npm's global configuration, or empty
	builtin  string // the registry if nothing else names one, or empty
	user     string // path of the user's npm configuration
	combined string // the text of all of these; empty if the user's alone is enough
	bunfig   string // the text of the user's bunfig.toml with that of a binding; empty without a binding
}

// readConfig finds the files, and combines them.
func readConfig(env environ.List, platformDir string, log scribe.Emitter) (c config, err error) {
	if c.binding = npmrc.Global(env); c.binding == "" {
		found, err := bindings.Find(servicebindings.NewResolver(), platformDir, npmrc.BindingType)
		if err != nil {
			return c, err
		}
		if c.binding, err = npmrc.Binding(found); err != nil {
			return c, err
		}
		if c.binding != "" {
			log.Process("Loading service binding of type '%s'", npmrc.BindingType)
			log.Break()
		}
	}
	if c.bunfig, err = readBunfig(env, platformDir); err != nil {
		return c, err
	}
	if c.bunfig != "" {
		log.Process("Loading service binding of type '%s'", bindingType)
		log.Break()
	}
	if c.builtin, err = npmrc.BuiltinRegistry(env.Get); err != nil {
		return c, err
	}
	if c.user = npmrc.User(env); c.user == "" && env.Get("HOME") != "" {
		c.user = filepath.Join(env.Get("HOME"), ".npmrc")
	}
	return c, c.combine()
}

// combine joins the files one after the other: of two values for a setting the
// last counts.
func (c *config) combine() error {
	if c.binding == "" && c.builtin == "" {
		return nil
	}
	text := ""
	if c.builtin != "" {
		text = npmrc.Builtin(c.builtin, "")
	}
	for _, path := range []string{c.binding, c.user} {
		if path == "" {
			continue
		}
		more, err := regular.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading npm's configuration: %w", err)
		}
		text += strings.TrimRight(string(more), "\n") + "\n"
	}
	c.combined = text
	return nil
}

// apply returns an environment with the combined files as the user's, in a folder
// that only this user can read, for one call; and what removes it after the call.
func (c config) apply(env environ.List) (applied environ.List, remove func() error, err error) {
	if c.combined == "" && c.bunfig == "" {
		return env, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "bun-config-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for Bun's configuration: %w", err)
	}
	remove = func() error { return os.RemoveAll(dir) }
	for name, text := range map[string]string{".npmrc": c.combined, globalFile: c.bunfig} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("writing Bun's configuration: %w", err), remove())
		}
	}
	if c.combined != "" {
		path := filepath.Join(dir, ".npmrc")
		env = env.With("NPM_CONFIG_USERCONFIG", path).With("npm_config_userconfig", path)
	}
	if c.bunfig != "" {
		env = env.With("XDG_CONFIG_HOME", dir)
	}
	return env, remove, nil
}
