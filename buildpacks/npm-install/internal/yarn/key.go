package yarn

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Key returns the versions of Yarn and Node.js, the settings in the environment and
// in every configuration file that Yarn reads, and digests of the app's patches,
// plugins and packages in files.
func (m *manager) Key() (modules.Key, error) {
	key := modules.Key{Versions: []string{m.yarn.Version, m.node.Node, m.node.Modules, m.node.NAPI}, Settings: settingsOf(m.env)}
	dir, home := m.project.Dir, m.env.Get("HOME")
	for _, one := range []struct{ whose, path string }{
		{"the project's", filepath.Join(dir, npmConfig)}, {"the user's", m.userConfig()}, {"the binding's", m.config.npmrc},
	} {
		settings, err := npmrc.Settings(one.path, m.env)
		if err != nil {
			return modules.Key{}, err
		}
		key.Configuration = append(key.Configuration, append([]string{one.whose, npmConfig}, settings...))
	}
	for _, name := range []string{classicConfig, berryConfig} {
		for _, one := range []struct{ whose, path string }{{"the project's", filepath.Join(dir, name)}, {"the user's", filepath.Join(home, name)}} {
			text, err := readOptional(one.path)
			if err != nil {
				return modules.Key{}, err
			}
			key.Configuration = append(key.Configuration, []string{one.whose, name, withoutSecrets(text)})
		}
		key.Configuration = append(key.Configuration, []string{"the binding's", name, withoutSecrets(m.config.files[name])})
	}
	for _, place := range m.ownFiles() {
		digest, err := digestOf(filepath.Join(dir, place))
		if err != nil {
			return modules.Key{}, err
		}
		key.Configuration = append(key.Configuration, []string{"the project's", place, digest})
	}
	return key, nil
}

// ownFiles lists the app's files, besides lockfiles and configuration, that decide on
// what is installed.
func (m *manager) ownFiles() []string {
	all := []string{filepath.Join(".yarn", "patches"), filepath.Join(".yarn", "plugins"), "yarn.config.cjs", "constraints.pro", "patches"}
	for _, entry := range m.lock.Entries {
		if place, ok := entry.File(); ok {
			all = append(all, place)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func digestOf(path string) (string, error) {
	if !tree.Exists(path) {
		return "", nil
	}
	if filled, err := tree.IsFilled(path); err == nil && filled {
		return tree.Digest(path, "node_modules")
	}
	return tree.FileDigest(path)
}

// secretLine matches a setting with a credential, in either form of Yarn's
// configuration.
var secretLine = regexp.MustCompile(`(?im)^.*(?:token|authident|_auth|password|secret|keyfile|keyfilepath).*$`)

// userinfo matches a user and a password in an address.
var userinfo = regexp.MustCompile(`://[^/\s"'@]+@`)

func withoutSecrets(text string) string {
	return userinfo.ReplaceAllString(secretLine.ReplaceAllString(text, ""), "://")
}

// places are settings that are only paths on this machine.
var places = []string{"cache_folder", "global_folder", "cache", "userconfig", "globalconfig", "logs_dir", "tmp"}

// settingsOf returns the environment variables that are settings of Yarn or npm,
// sorted, without credentials and paths.
func settingsOf(env environ.List) []string {
	var all []string
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		lower := strings.ToLower(name)
		key, ofYarn := strings.CutPrefix(lower, "yarn_")
		if !ofYarn {
			var ofNPM bool
			if key, ofNPM = strings.CutPrefix(lower, "npm_config_"); !ofNPM {
				continue
			}
		}
		if npmrc.IsCredential(key) || slices.Contains(places, key) || secretLine.MatchString(key) {
			continue
		}
		all = append(all, name+"="+npmrc.WithoutLogin(value))
	}
	slices.Sort(all)
	return all
}
