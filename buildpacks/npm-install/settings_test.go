package npminstall_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// Whatever variable of ours the code names is declared, with a default and a
// description, in buildpack.toml.
func TestSettingsAreDeclared(t *testing.T) {
	var descriptor struct {
		Metadata struct {
			Configurations []struct{ Name, Description string }
		}
	}
	if _, err := toml.DecodeFile("buildpack.toml", &descriptor); err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, one := range descriptor.Metadata.Configurations {
		if one.Description == "" {
			t.Errorf("%s has no description", one.Name)
		}
		declared[one.Name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"BPL?_[A-Z_]+"`).FindAllString(string(text), -1) {
			named++
			if name = strings.Trim(name, "\""); !declared[name] {
				t.Errorf("%s names %s, which buildpack.toml does not declare", file, name)
			}
		}
	}
	if named == 0 {
		t.Error("no variable was found in the code: this test looks at nothing")
	}
}
