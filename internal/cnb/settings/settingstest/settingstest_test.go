package settingstest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings/settingstest"
)

// module is a buildpack with a helper and a shared package, whose files can be
// replaced.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	all := map[string]string{
		"go.mod":                  "module example.com/m\n\ngo 1.25\n",
		"shared/shared.go":        "package shared\n\nconst Name = \"BP_SHARED\"\n",
		"one/one.go":              "package one\n\nimport \"example.com/m/shared\"\n\nconst A = \"BP_A\"\n\nvar _ = shared.Name\n",
		"one/one_test.go":         "package one\n\nconst t = \"BP_MADE_UP\"\n",
		"one/cmd/helper/main.go":  "package main\n\nfunc main() { println(`BPL_H2`) }\n",
		"one/buildpack.toml":      declare("BP_A", "BP_SHARED", "BPL_H2", "BP_B_<HOST>", "NODE_HOME"),
		"another/another.go":      "package another\n\nconst A = \"BP_ANOTHER\"\n",
		"one/testdata/x/ignored":  "",
		"one/run/main.go":         "package main\n\nimport _ \"example.com/m/one\"\n\nfunc main() {}\n",
		"one/internal/x/x_gen.go": "package x\n",
	}
	for name, text := range files {
		all[name] = text
	}
	dir := t.TempDir()
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "one")
}

func declare(names ...string) string {
	text := ""
	for _, name := range names {
		text += "[[metadata.configurations]]\nname = \"" + name + "\"\ndescription = \"about it\"\n"
	}
	return text
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"all is declared", nil, nil},
		{"not that of the buildpack", map[string]string{"one/buildpack.toml": declare("BP_SHARED", "BPL_H2")}, []string{"names BP_A,"}},
		{"not that of a helper", map[string]string{"one/buildpack.toml": declare("BP_SHARED", "BP_A")}, []string{"helper/main.go names BPL_H2,"}},
		{"not that of a package it is made of", map[string]string{"one/buildpack.toml": declare("BP_A", "BPL_H2")}, []string{"shared/shared.go names BP_SHARED,"}},
		{"one too many", map[string]string{"one/buildpack.toml": declare("BP_A", "BP_SHARED", "BPL_H2", "BP_OLD")}, []string{"declares BP_OLD, which no code names"}},
		{"a shared name that nobody uses", map[string]string{"internal/cnb/settings/names.go": "package settings\n\nconst X = \"BP_X\"\n", "one/one.go": "package one\n\nimport _ \"example.com/m/internal/cnb/settings\"\nimport _ \"example.com/m/shared\"\n\nconst A = \"BP_A\"\n"}, nil},
		{"a shared name that is used", map[string]string{"internal/cnb/settings/names.go": "package settings\n\nconst X = \"BP_X\"\n", "one/one.go": "package one\n\nimport \"example.com/m/internal/cnb/settings\"\nimport _ \"example.com/m/shared\"\n\nconst A, B = \"BP_A\", settings.X\n"}, []string{"one/one.go names BP_X,"}},
		{"one without a description", map[string]string{"one/buildpack.toml": strings.Replace(declare("BP_A", "BP_SHARED", "BPL_H2"), "about it", "", 1)}, []string{"BP_A has no description"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			faults, err := settingstest.Check(module(t, tc.files))
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) != len(tc.want) {
				t.Fatalf("got %q, want %q", faults, tc.want)
			}
			for i, want := range tc.want {
				if !strings.Contains(faults[i], want) {
					t.Errorf("got %q, want %q", faults[i], want)
				}
			}
		})
	}
}

func TestCheckThatLooksAtNothing(t *testing.T) {
	dir := module(t, map[string]string{
		"shared/shared.go": "package shared\n\nconst Name = \"x\"\n", "one/one.go": "package one\n", "one/cmd/helper/main.go": "package main\n\nfunc main() {}\n",
	})
	if _, err := settingstest.Check(dir); err == nil || !strings.Contains(err.Error(), "looks at nothing") {
		t.Errorf("got %v", err)
	}
}
