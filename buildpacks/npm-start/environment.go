package npmstart

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/packagejson"
)

// notInNames are characters that npm leaves in the names of variables, and
// that a layer's file for a variable cannot have in its name.
var notInNames = regexp.MustCompile(`[./=\x00]`)

// environment is what npm gives to a script: what package.json says of the
// package, its programs, its engines and its config, and node_modules/.bin
// first on the PATH. All but the PATH are defaults.
func (s start) environment() (packit.Environment, error) {
	env := packit.Environment{}
	set := func(name, value string) { env.Default(notInNames.ReplaceAllString(name, "_"), value) }

	set("INIT_CWD", s.dir)
	set("npm_package_json", filepath.Join(s.dir, packagejson.FileName))
	set("npm_lifecycle_event", s.name)
	set("npm_lifecycle_script", s.script)
	fields, err := s.fields()
	if err != nil {
		return nil, err
	}
	for name, value := range fields {
		flatten("npm_package_"+name, value, set)
	}
	env.Prepend("PATH", s.commands(), ":")
	return env, nil
}

// fields are those of package.json that npm makes variables of.
func (s start) fields() (map[string]any, error) {
	all, err := packagejson.ReadFields(s.dir)
	if err != nil {
		return nil, err
	}
	all["bin"] = programs(all["bin"], s.pkg.Name)
	wanted := map[string]any{}
	for _, name := range []string{"name", "version", "config", "engines", "bin"} {
		if value, ok := all[name]; ok {
			wanted[name] = value
		}
	}
	return wanted, nil
}

// programs gives the field bin the form that npm does: their paths by their
// names, neither with a folder before it that means nothing.
func programs(bin any, packageName string) map[string]any {
	paths := map[string]any{}
	switch v := bin.(type) {
	case string:
		paths[path.Base(packageName)] = path.Clean(v)
	case map[string]any:
		for name, value := range v {
			if text, ok := value.(string); ok {
				paths[path.Base(name)] = path.Clean(text)
			}
		}
	}
	return paths
}

// commands are the folders of the modules' commands, those of a workspace
// before those of its root.
func (s start) commands() string {
	bins := filepath.Join(s.dir, nodemodules.Dir, ".bin")
	if s.modules != s.dir {
		bins += ":" + filepath.Join(s.modules, nodemodules.Dir, ".bin")
	}
	return bins
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
	case bool:
		set(name, map[bool]string{true: "true"}[v]) // nothing for false
	case float64:
		set(name, strconv.FormatFloat(v, 'f', -1, 64))
	default:
		set(name, fmt.Sprint(v))
	}
}
