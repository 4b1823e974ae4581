package installscripts

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// environment returns the environment of a script: the runner's, the package's
// fields as npm_package_* (name, version, config, engines, bin), the event, and a
// PATH with the commands of every node_modules on the way up. Every package manager
// sets these, under npm's names.
func (r *run) environment(p Package, event, command string) environ.List {
	env := r.Env
	if r.Target != r.Host {
		env = ForCompiling(env, r.Target)
	}
	set := func(name, value string) { env = env.With(name, value) }
	for name, value := range p.variables() {
		set(name, value)
	}
	if r.Variables != nil {
		for _, pair := range r.Variables(p) {
			name, value, _ := strings.Cut(pair, "=")
			set(name, value)
		}
	}
	for _, pair := range r.withoutDownload(p) {
		name, value, _ := strings.Cut(pair, "=")
		set(name, value)
	}
	set("npm_package_json", filepath.Join(p.Dir, packagejson.FileName))
	set("npm_lifecycle_event", event)
	set("npm_lifecycle_script", command)
	set("PATH", strings.Join(append(p.bins(), append(slices.Clone(r.Commands), env.Get("PATH"))...), ":"))
	return env
}

// bins returns the folders of commands, from the package's own to those of the
// file system's root.
func (p Package) bins() (all []string) {
	for dir := p.Dir; ; dir = filepath.Dir(dir) {
		all = append(all, filepath.Join(dir, modulesDir, ".bin"))
		if dir == filepath.Dir(dir) {
			return all
		}
	}
}

// variables returns the package's fields.
func (p Package) variables() map[string]string {
	all := map[string]string{}
	fields := p.Manifest.Fields
	flatten(all, "npm_package_name", fields["name"])
	flatten(all, "npm_package_version", fields["version"])
	flatten(all, "npm_package_config", fields["config"])
	flatten(all, "npm_package_engines", fields["engines"])
	for name, file := range p.Programs() {
		all["npm_package_bin_"+name] = file
	}
	return all
}

// Programs returns the files of the package's commands, by the commands' names.
func (p Package) Programs() map[string]string {
	all := map[string]string{}
	switch bin := p.Manifest.Fields["bin"].(type) {
	case string:
		name := p.Manifest.Name
		if strings.HasPrefix(name, "@") {
			_, name, _ = strings.Cut(name, "/")
		}
		all[name] = bin
	case map[string]any:
		for name, file := range bin {
			if file, ok := file.(string); ok {
				all[name] = file
			}
		}
	}
	return all
}

// flatten writes a value of JSON as variables: the members of objects and lists
// under longer names, null and false as "".
func flatten(all map[string]string, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			one := v[key]
			if one == nil {
				one = false
			}
			flatten(all, name+"_"+key, one)
		}
	case []any:
		for i, one := range v {
			flatten(all, name+"_"+strconv.Itoa(i), one)
		}
	case string:
		all[name] = v
	case bool:
		all[name] = ""
		if v {
			all[name] = "true"
		}
	case float64:
		all[name] = strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
	default:
		all[name] = fmt.Sprint(v)
	}
}

// crossTools are the variables with which make, gyp and node-pre-gyp find tools,
// and the tools' GNU names.
var crossTools = []struct{ variable, tool string }{
	{"CC", "gcc"}, {"CXX", "g++"}, {"LINK", "g++"}, {"AR", "ar"}, {"AS", "as"}, {"LD", "ld"},
	{"NM", "nm"}, {"OBJCOPY", "objcopy"}, {"RANLIB", "ranlib"}, {"STRIP", "strip"},
}

// ForCompiling returns an environment that compiles native modules for another
// target than the host. node-gyp, prebuild-install and the like read the
// npm_config_ variables. Names of tools that the user set stay.
func ForCompiling(e environ.List, t targets.Target) environ.List {
	for _, one := range crossTools {
		e = e.Default(one.variable, t.Triplet()+"-"+one.tool)
	}
	for _, one := range [][2]string{
		{"arch", t.Node()}, {"target_arch", t.Node()}, {"platform", t.OS}, {"target_platform", t.OS}, {"target_libc", deps.Glibc},
	} {
		e = e.With("npm_config_"+one[0], one[1])
	}
	return e
}
