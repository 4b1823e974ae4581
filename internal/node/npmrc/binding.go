package npmrc

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

const (
	// BindingType is the type of the service binding that holds npm's global
	// configuration.
	BindingType = "npmrc"
	// GlobalVariable is the path of that configuration, and overrides the
	// binding: in any case, see [Global].
	GlobalVariable = "NPM_CONFIG_GLOBALCONFIG"

	bindingEntry = ".npmrc"
)

// Global returns the path of npm's global configuration that the environment
// names, or nothing. As for npm, the variable may be written npm_config_globalconfig.
func Global(env environ.List) string { return fromEnviron(env)["globalconfig"] }

// User returns the path of the user's configuration that the environment names,
// in any case of letters, or nothing.
func User(env environ.List) string { return fromEnviron(env)["userconfig"] }

// Binding returns the path of the entry .npmrc of the binding that is of
// [BindingType], or nothing when there is none; it ignores bindings of other
// types. It writes an entry without a file, as in VCAP_SERVICES, to a temporary
// file. More than one such binding, or one without the entry, is a
// [failure.Failure] with the id npmrc-binding-invalid.
func Binding(bindings []servicebindings.Binding) (string, error) {
	var path string
	found := 0
	for _, binding := range bindings {
		if !strings.EqualFold(binding.Type, BindingType) {
			continue
		}
		found++
		var err error
		if path, err = entry(binding); err != nil {
			return "", err
		}
	}
	if found > 1 {
		return "", bindingInvalid(fmt.Sprintf("there are %d service bindings of the type %s, want one at most", found, BindingType))
	}
	return path, nil
}

// entry finds the file: next to type, or in secret for bindings from before the
// Kubernetes service binding specification. Bindings from VCAP_SERVICES have no
// file.
func entry(binding servicebindings.Binding) (string, error) {
	value, ok := binding.Entries[bindingEntry]
	if !ok {
		return "", bindingInvalid(fmt.Sprintf("the service binding %q of the type %s has no entry %s", binding.Name, BindingType, bindingEntry))
	}
	if binding.Path == "" {
		text, err := value.ReadBytes()
		if err != nil {
			return "", fmt.Errorf("reading the service binding %q: %w", binding.Name, err)
		}
		binding.Entries[bindingEntry] = servicebindings.NewWithValue(text) // an entry can be read only once
		return written(text)
	}
	for _, folder := range []string{"", "secret"} {
		path := filepath.Join(binding.Path, folder, bindingEntry)
		switch _, err := os.Stat(path); {
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("reading the service binding %q: %w", binding.Name, err)
		}
	}
	return "", bindingInvalid(fmt.Sprintf("the entry %s of the service binding %q is no file", bindingEntry, binding.Name))
}

// written writes a text, which may have a password, to a file that only this
// user can read. The same text always has the same path, so that layers that
// depend on it can be reused.
func written(text []byte) (string, error) {
	sum := sha256.Sum256(text)
	dir := filepath.Join(os.TempDir(), "npmrc-"+hex.EncodeToString(sum[:8]))
	path := filepath.Join(dir, bindingEntry)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for npm's configuration: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", errors.Join(fmt.Errorf("writing npm's configuration: %w", err), os.RemoveAll(dir))
	}
	return path, nil
}

func bindingInvalid(cause string) error {
	return &failure.Failure{
		ID:     "npmrc-binding-invalid",
		Cause:  cause,
		Remedy: fmt.Sprintf("give one binding of the type %s, a folder with everything that npm needs in its file %s.", BindingType, bindingEntry),
	}
}
