package npmstart

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// notInNames matches characters that npm allows in the names of variables, but
// that cannot be in the name of a layer's file for a variable: the lifecycle cuts
// the name at a dot, and the app's process at an equals sign.
var notInNames = regexp.MustCompile(`[./=\x00]`)

// environment returns npm's variables for a script: the fields of package.json,
// its programs, its engines and its config, and a PATH that begins with
// node_modules/.bin. All but the PATH are defaults.
func (s start) environment() (packit.Environment, error) {
	given, err := s.packageVariables()
	if err != nil {
		return nil, err
	}
	given = append(given,
		variable{"INIT_CWD", s.dir},
		variable{"npm_package_json", filepath.Join(s.dir, packagejson.FileName)},
		variable{"npm_lifecycle_event", s.event(s.web)},
		variable{"npm_lifecycle_script", s.web.Command},
	)
	for _, p := range s.app.Processes {
		for _, pair := range startup.Variables(p) {
			name, value, _ := strings.Cut(pair, "=")
			given = append(given, variable{name, value})
		}
	}
	env := packit.Environment{}
	for _, v := range withNamesOfFiles(given) {
		env.Default(v.name, v.value)
	}
	s.addPort(env)
	env.Prepend("PATH", s.commands(), ":")
	return env, nil
}

// variable is a variable for the app's process.
type variable struct{ name, value string }

// withNamesOfFiles gives every variable a valid name for a layer's file. A
// variable whose name is already valid takes precedence over one that is renamed
// to it. It leaves out impossible variables, see [possible].
func withNamesOfFiles(given []variable) []variable {
	var all []variable
	taken := map[string]bool{}
	for _, v := range given {
		taken[v.name] = true
	}
	for _, v := range given {
		name := notInNames.ReplaceAllString(v.name, "_")
		if possible(name, v.value) && (name == v.name || !taken[name]) {
			all = append(all, variable{name, v.value})
		}
	}
	return all
}

// Limits of Linux in bytes: a file's name, and one variable of a process
// (NAME_MAX, MAX_ARG_STRLEN).
const (
	maxFileName = 255
	maxVariable = 128 << 10
)

// possible is false for a variable whose name is too long for a file, and for one
// with which no process can be started.
func possible(name, value string) bool {
	return len(name)+len(".default") <= maxFileName && len(name)+len("=")+len(value) < maxVariable && !strings.Contains(value, "\x00")
}

// maxPackageVariables is the limit in bytes of all variables of a package. Linux
// allows a process 2 MiB of variables and arguments.
const maxPackageVariables = 1 << 20

// packageVariables returns npm's variables for the fields of package.json, in
// npm's order: the later of two with one name wins. If they are too large for a
// process, config and the programs are left out.
func (s start) packageVariables() ([]variable, error) {
	text, err := regular.ReadFile(filepath.Join(s.dir, packagejson.FileName))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", packagejson.FileName, err)
	}
	fields, err := decodeObject(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", packagejson.FileName, err)
	}
	var all []variable
	size := 0
	set := func(name, value string) {
		all = append(all, variable{name, value})
		size += len(name) + len(value)
	}
	for _, name := range []string{"name", "version", "engines"} {
		fields.flatten(name, set)
	}
	few := all
	fields.flatten("config", set)
	flatten("npm_package_bin", s.programs(fields), set)
	if size > maxPackageVariables {
		return few, nil
	}
	return all, nil
}

// commands returns the folders of the modules' commands, a workspace's before its
// root's.
func (s start) commands() string {
	bins := filepath.Join(s.dir, nodemodules.Dir, ".bin")
	if s.modules != s.dir {
		bins += ":" + filepath.Join(s.modules, nodemodules.Dir, ".bin")
	}
	return bins
}

// flatten makes variables of a field, if it exists.
func (o object) flatten(field string, set func(name, value string)) {
	for _, m := range o {
		if m.key == field {
			flatten("npm_package_"+field, m.value, set)
		}
	}
}

// flatten names the values in an object by their path, joined with underscores,
// as npm does.
func flatten(name string, value any, set func(name, value string)) {
	switch v := value.(type) {
	case object:
		for _, m := range v {
			flatten(name+"_"+m.key, m.value, set)
		}
	case []any:
		for i, inner := range v {
			flatten(name+"_"+strconv.Itoa(i), inner, set)
		}
	case nil:
		set(name, "")
	case bool:
		set(name, map[bool]string{true: "true"}[v]) // empty for false
	default:
		set(name, inJavaScript(v))
	}
}

// writeEnvironment writes the files for a layer's launch variables. packit would
// refuse names that are valid for the lifecycle and that npm uses.
func writeEnvironment(layerDir string, env packit.Environment) error {
	dir := filepath.Join(layerDir, "env.launch")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder of variables: %w", err)
	}
	for name, value := range env {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
			return fmt.Errorf("writing a variable: %w", err)
		}
	}
	return nil
}
