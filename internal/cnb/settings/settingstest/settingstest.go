// Package settingstest checks that a buildpack declares its settings.
package settingstest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// variable is the name of a setting.
var variable = regexp.MustCompile(`^BPL?_[A-Z0-9_]+$`)

// Declared fails the test unless the buildpack.toml in a folder declares, with
// a description, every BP_* and BPL_* variable that the buildpack's programs
// name, and no other.
func Declared(t *testing.T, buildpack string) {
	t.Helper()
	faults, err := Check(buildpack)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// Check returns the faults. It reads the code of all programs below the folder,
// including helpers, and of every package of the module that they import.
func Check(buildpack string) (faults []string, err error) {
	declared, faults, err := declarations(filepath.Join(buildpack, "buildpack.toml"))
	if err != nil {
		return nil, err
	}
	files, err := sources(buildpack)
	if err != nil {
		return nil, err
	}
	shared := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, sharedNames) {
			if shared, err = constants(file); err != nil {
				return nil, err
			}
		}
	}
	named := map[string]bool{}
	for _, file := range files {
		names, err := names(file, shared)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			named[name] = true
			if !declared[name] {
				faults = append(faults, fmt.Sprintf("%s names %s, which buildpack.toml does not declare", file, name))
			}
		}
	}
	if len(named) == 0 {
		return nil, errors.New("no variable was found in the code: this looks at nothing")
	}
	for name := range declared {
		if variable.MatchString(name) && !named[name] {
			faults = append(faults, fmt.Sprintf("buildpack.toml declares %s, which no code names", name))
		}
	}
	slices.Sort(faults)
	return faults, nil
}

// declarations returns the names in metadata.configurations.
func declarations(path string) (declared map[string]bool, faults []string, err error) {
	var descriptor struct {
		Metadata struct {
			Configurations []struct{ Name, Description string }
		}
	}
	if _, err := toml.DecodeFile(path, &descriptor); err != nil {
		return nil, nil, err
	}
	declared = map[string]bool{}
	for _, one := range descriptor.Metadata.Configurations {
		if one.Description == "" {
			faults = append(faults, one.Name+" has no description")
		}
		declared[one.Name] = true
	}
	return declared, faults, nil
}

// sources returns the Go files, except tests, of the packages below a folder
// and of the module's packages that they import.
func sources(dir string) ([]string, error) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}\n{{end}}{{end}}{{end}}", "./...")
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w: %s", dir, err, stderr.String())
	}
	return strings.Fields(string(output)), nil
}

// sharedNames is the file with the names of settings that several packages use.
// Each counts where it is used.
const sharedNames = "/internal/cnb/settings/names.go"

// constants returns the string constants of a file, by name.
func constants(file string) (map[string]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				all[spec.Names[0].Name] = text
			}
		}
		return true
	})
	return all, nil
}

// names returns the string literals of a file that are names of settings, and
// the shared names that it uses.
func names(file string, shared map[string]string) ([]string, error) {
	if strings.HasSuffix(file, sharedNames) {
		return nil, nil
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, err
	}
	var all []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if from, ok := selector.X.(*ast.Ident); ok && from.Name == "settings" && shared[selector.Sel.Name] != "" {
				all = append(all, shared[selector.Sel.Name])
			}
		}
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && variable.MatchString(text) {
			all = append(all, text)
		}
		return true
	})
	return all, nil
}
