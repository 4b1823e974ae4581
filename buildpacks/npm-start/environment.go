package npmstart

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/packagejson"
)

// notInNames are the characters that npm replaces in names of variables.
var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// environment is what npm gives to a script: what package.json says of the
// package, its engines and its config, and node_modules/.bin first on the
// PATH. All but the PATH are defaults.
func (s start) environment() packit.Environment {
	env := packit.Environment{}
	set := func(name, value string) { env.Default(notInNames.ReplaceAllString(name, "_"), value) }

	set("INIT_CWD", s.dir)
	set("npm_package_json", filepath.Join(s.dir, packagejson.FileName))
	set("npm_package_name", s.pkg.Name)
	set("npm_package_version", s.pkg.Version)
	set("npm_lifecycle_event", s.name)
	set("npm_lifecycle_script", s.script)
	if s.pkg.Engines.Node != "" {
		set("npm_package_engines_node", s.pkg.Engines.Node)
	}
	if s.pkg.Engines.NPM != "" {
		set("npm_package_engines_npm", s.pkg.Engines.NPM)
	}
	flatten("npm_package_config", s.pkg.Config, set)
	env.Prepend("PATH", filepath.Join(s.dir, nodemodules.Dir, ".bin"), ":")
	return env
}

// flatten names what is inside of an object by the path that leads to it, with
// underscores, as npm does.
func flatten(name string, value any, set func(name, value string)) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(name+"_"+key, inner, set)
		}
	case []any:
		for i, inner := range v {
			flatten(name+"_"+strconv.Itoa(i), inner, set)
		}
	case nil:
		set(name, "")
	case float64:
		set(name, strconv.FormatFloat(v, 'f', -1, 64))
	default:
		set(name, fmt.Sprint(v))
	}
}
