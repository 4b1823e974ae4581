// Package settingstest checks what a buildpack says of its settings.
package settingstest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// variable is a BP_* or BPL_* name in quotes, as constants have it.
var variable = regexp.MustCompile(`"BPL?_[A-Z_]+"`)

// Declared fails the test unless every variable of ours that the code in the
// folders names is declared, with a description, in the buildpack.toml of the
// first.
func Declared(t *testing.T, buildpack string, more ...string) {
	t.Helper()
	declared := declarations(t, filepath.Join(buildpack, "buildpack.toml"))
	named := 0
	for _, folder := range append([]string{buildpack}, more...) {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, name := range names(t, file) {
				named++
				if !declared[name] {
					t.Errorf("%s names %s, which buildpack.toml does not declare", file, name)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no variable was found in the code: this test looks at nothing")
	}
}

func declarations(t *testing.T, path string) map[string]bool {
	t.Helper()
	var descriptor struct {
		Metadata struct {
			Configurations []struct{ Name, Description string }
		}
	}
	if _, err := toml.DecodeFile(path, &descriptor); err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, one := range descriptor.Metadata.Configurations {
		if one.Description == "" {
			t.Errorf("%s has no description", one.Name)
		}
		declared[one.Name] = true
	}
	return declared
}

// names are the variables that a file names; tests name made-up ones.
func names(t *testing.T, file string) []string {
	t.Helper()
	if strings.HasSuffix(file, "_test.go") {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range variable.FindAllString(string(text), -1) {
		all = append(all, strings.Trim(name, "\""))
	}
	return all
}
