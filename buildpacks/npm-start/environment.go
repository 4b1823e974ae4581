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
)

// notInNames are characters that npm leaves in the names of variables, and
// that a layer's file for a variable cannot have in its name: what follows a
// dot is not the name for the lifecycle, and what follows an equals sign not
// for the app.
var notInNames = regexp.MustCompile(`[./=\x00]`)

// environment is what npm gives to a script: what package.json says of the
// package, its programs, its engines and its config, and node_modules/.bin
// first on the PATH. All but the PATH are defaults.
func (s start) environment() (packit.Environment, error) {
	given, err := s.packageVariables()
	if err != nil {
		return nil, err
	}
	given = append(given,
		variable{"INIT_CWD", s.dir},
		variable{"npm_package_json", filepath.Join(s.dir, packagejson.FileName)},
		variable{"npm_lifecycle_event", s.name},
		variable{"npm_lifecycle_script", s.script},
	)
	env := packit.Environment{}
	for _, v := range withNamesOfFiles(given) {
		env.Default(v.name, v.value)
	}
	env.Prepend("PATH", s.commands(), ":")
	return env, nil
}

// variable is one for the app's process.
type variable struct{ name, value string }

// withNamesOfFiles gives every variable a name that a layer's file can have.
// One that has it already goes before one that gets it now. Left out is what no
// process can have, see [possible].
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

// Limits of Linux in bytes: of the name of a file, and of one variable of a
// process (NAME_MAX, MAX_ARG_STRLEN).
const (
	maxFileName = 255
	maxVariable = 128 << 10
)

// possible is false for a variable that no file of a layer can have the name
// of, and for one with which no process can be started.
func possible(name, value string) bool {
	return len(name)+len(".default") <= maxFileName && len(name)+len("=")+len(value) < maxVariable && !strings.Contains(value, "\x00")
}

// maxPackageVariables is how many bytes the variables of a package may have
// together. Linux gives all variables and arguments of a process 2 MiB.
const maxPackageVariables = 1 << 20

// packageVariables are what npm makes of the fields of package.json, in its
// order: where two have one name the later one counts. Where they are more
// than a process could be started with, config and the programs are left out.
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

// commands are the folders of the modules' commands, those of a workspace
// before those of its root.
func (s start) commands() string {
	bins := filepath.Join(s.dir, nodemodules.Dir, ".bin")
	if s.modules != s.dir {
		bins += ":" + filepath.Join(s.modules, nodemodules.Dir, ".bin")
	}
	return bins
}

// flatten makes variables of a field, if it is there.
func (o object) flatten(field string, set func(name, value string)) {
	for _, m := range o {
		if m.key == field {
			flatten("npm_package_"+field, m.value, set)
		}
	}
}

// flatten names what is inside of an object by the path that leads to it, with
// underscores, as npm does.
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
		set(name, map[bool]string{true: "true"}[v]) // nothing for false
	default:
		set(name, inJavaScript(v))
	}
}

// writeEnvironment writes the files of variables for a layer's launch. packit
// would refuse names that the lifecycle takes and npm gives.
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
