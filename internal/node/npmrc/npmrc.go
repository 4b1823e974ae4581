// Package npmrc reads npm's configuration as npm does, for the registry and its
// credentials. The lowest level, npm's built-in configuration, is
// BP_NPM_REGISTRY.
package npmrc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// Sources has the sources of configuration in npm's order of precedence. Every
// field may be empty.
type Sources struct {
	Environ    environ.List // npm_config_* in any case
	ProjectDir string       // whose .npmrc counts
	HomeDir    string       // whose .npmrc counts, unless the environment names another user file
	Binding    string       // path of a service binding's npmrc; the global file, unless the environment names one
	Builtin    string       // the registry if nothing above names one, from [BuiltinRegistry]
}

// BuiltinVariable is the setting for the registry if npm's configuration names
// none. Builders set it, since NPM_CONFIG_REGISTRY would override every npmrc
// file.
const BuiltinVariable = "BP_NPM_REGISTRY"

// BuiltinRegistry reads [BuiltinVariable]. What is not an http or https
// address is a [failure.Failure] with the id setting-invalid.
func BuiltinRegistry(getenv settings.Getenv) (string, error) {
	text := strings.TrimSpace(getenv(BuiltinVariable))
	if text == "" {
		return "", nil
	}
	if _, err := address(text); err != nil {
		return "", &failure.Failure{
			ID:     "setting-invalid",
			Cause:  BuiltinVariable + " is not an http or https address", // it may hold a password
			Remedy: fmt.Sprintf("set %s to the address of an npm registry, https://registry.example.com/ for example, or to nothing.", BuiltinVariable),
		}
	}
	return text, nil
}

// BuiltinFile is the path of npm's built-in configuration, relative to npm's
// folder (npm help npmrc, "built-in config file").
const BuiltinFile = "npmrc"

// Builtin returns the text of that file: the registry, and the prefix for
// global packages (npm help config, "prefix"). It omits empty values.
func Builtin(registry, prefix string) string {
	var text strings.Builder
	for _, setting := range [][2]string{{"registry", registry}, {"prefix", prefix}} {
		quoted, err := json.Marshal(setting[1]) // npm reads "…" as JSON, so that ; and # mean nothing
		if err == nil && setting[1] != "" {
			text.WriteString(setting[0] + "=" + string(quoted) + "\n")
		}
	}
	return text.String()
}

// Config is the configuration that [Load] found.
type Config struct {
	layers []map[string]string // the first with a key wins
	names  map[string]bool     // of all settings, also of those that the layers lack
}

// Names returns the names of all settings of all sources, sorted. That of a list in
// a file ends with "[]", and that of a setting without a value with "=": [Config.Get]
// finds neither.
func (c *Config) Names() []string { return slices.Sorted(maps.Keys(c.names)) }

// Load reads all sources. As in npm, a missing file is like an empty one; an
// unreadable one is an error.
func Load(s Sources) (*Config, error) {
	env := fromEnviron(s.Environ)
	lookup := s.Environ.Lookup
	c := &Config{layers: []map[string]string{env}, names: map[string]bool{}}
	for name := range env {
		c.names[name] = true
	}
	for _, path := range s.files(env) {
		text, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		c.layers = append(c.layers, parse(string(text), lookup))
		for _, one := range entries(string(text), lookup) {
			if !one.nested {
				c.names[one.name()] = true
			}
		}
	}
	if s.Builtin != "" {
		c.layers = append(c.layers, map[string]string{"registry": s.Builtin})
	}
	return c, nil
}

// UnreadableID is the id of the [failure.Failure] for an npmrc file that npm
// cannot read.
const UnreadableID = "npmrc-unreadable"

// readFile reads an npmrc file. A missing file is fs.ErrNotExist; any other
// error is a [failure.Failure] with [UnreadableID]. So is a file in UTF-16, in
// which npm silently finds no settings.
func readFile(path string) ([]byte, error) {
	text, err := regular.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, &failure.Failure{
			ID:     UnreadableID,
			Cause:  "reading npm's configuration",
			Remedy: "let it be a file that the build's user may read, or take it away.",
			Err:    err,
		}
	case textfile.IsUTF16(text):
		return nil, &failure.Failure{
			ID:     UnreadableID,
			Cause:  fmt.Sprintf("%s is text in UTF-16, of which npm reads no setting; want UTF-8", path),
			Remedy: "save the file as UTF-8: PowerShell 5 writes UTF-16 with > and Out-File, unless it is told -Encoding utf8.",
		}
	}
	return text, nil
}

// files returns the npmrc files by precedence: the project's, the user's, the
// global one.
func (s Sources) files(env map[string]string) []string {
	var paths []string
	if s.ProjectDir != "" {
		paths = append(paths, filepath.Join(s.ProjectDir, ".npmrc"))
	}
	if user := env["userconfig"]; user != "" {
		paths = append(paths, user)
	} else if s.HomeDir != "" {
		paths = append(paths, filepath.Join(s.HomeDir, ".npmrc"))
	}
	if global := env["globalconfig"]; global != "" {
		paths = append(paths, global)
	} else if s.Binding != "" {
		paths = append(paths, s.Binding)
	}
	return paths
}

// fromEnviron returns the npm_config_* variables. Names are in npm's form:
// lower case, with dashes for underscores except the first; those that begin
// with "//" belong to one registry and stay unchanged.
func fromEnviron(env environ.List) map[string]string {
	const prefix = "npm_config_"
	found := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) || value == "" {
			continue
		}
		key := name[len(prefix):]
		if !strings.HasPrefix(key, "//") {
			key = strings.ToLower(key[:1] + strings.ReplaceAll(key[1:], "_", "-"))
		}
		found[key] = value
	}
	return found
}

// Get returns the value of a key, "registry" for example.
func (c *Config) Get(key string) (string, bool) {
	for _, layer := range c.layers {
		if value, ok := layer[key]; ok {
			return value, true
		}
	}
	return "", false
}

// IsTrue reports whether a setting is on: true, or without a value in a file.
func (c *Config) IsTrue(key string) bool {
	value, ok := c.Get(key)
	return ok && value == "true" || !ok && c.names[key+"="]
}

// Registry returns the registry's address, with a trailing slash. It is nil if
// nothing names one: there is no default.
func (c *Config) Registry() (*url.URL, error) {
	text, ok := c.Get("registry")
	if !ok || text == "" {
		return nil, nil
	}
	u, err := address(text)
	if err != nil {
		return nil, err
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	return u, nil
}

// address parses a registry's address. Its errors do not quote the text, which
// may have a password.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, errors.New("npm's registry setting is not an http or https address")
	}
	return u, nil
}

// Tarball returns the address of a package's archive in the registry:
// <registry>/<name>/-/<name>-<version>.tgz.
func Tarball(registry *url.URL, name, version string) *url.URL {
	return registry.JoinPath(name, "-", fmt.Sprintf("%s-%s.tgz", name[strings.LastIndex(name, "/")+1:], version))
}

// Authorization returns the Authorization header for an address, or nothing.
// Credentials belong to a registry, "//host/path/:_authToken", and apply to
// everything below its path; the longest path wins.
func (c *Config) Authorization(u *url.URL) string {
	for path := u.Path; ; {
		path = path[:strings.LastIndex(path, "/")+1]
		prefix := "//" + u.Host + path + ":"
		if header := c.credentials(prefix); header != "" {
			return header
		}
		path = strings.TrimSuffix(path, "/")
		if path == "" {
			return ""
		}
	}
}

func (c *Config) credentials(prefix string) string {
	if token, _ := c.Get(prefix + "_authToken"); token != "" {
		return "Bearer " + token
	}
	if pair, _ := c.Get(prefix + "_auth"); pair != "" {
		return "Basic " + pair
	}
	user, _ := c.Get(prefix + "username")
	encoded, _ := c.Get(prefix + "_password")
	password, err := base64.StdEncoding.DecodeString(encoded)
	if user == "" || encoded == "" || err != nil {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+string(password)))
}
