package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDocumentIsCurrent(t *testing.T) {
	want, err := render("../../buildpacks")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/settings.md")
	if err != nil || string(got) != string(want) {
		t.Errorf("docs/settings.md is not what the buildpacks declare (%v); run `make generate`", err)
	}
}

func declare(t *testing.T, all map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		path := filepath.Join(dir, name, "buildpack.toml")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const one = `[[metadata.configurations]]
name = "BP_B"
default = "x"
description = "b | c"
build = true
`

func TestRender(t *testing.T) {
	dir := declare(t, map[string]string{
		"first": one + `[[metadata.bindings]]
type = "kind"
entries = "all"
description = "bound"
build = true
launch = true
`,
		"second": one + `[[metadata.configurations]]
name = "BPL_A"
description = "a"
launch = true
`,
	})
	out := filepath.Join(t.TempDir(), "settings.md")
	if err := run(context.Background(), []string{"-buildpacks", dir, "-out", out}, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `BPL_A` | – | launch | a | second |\n| `BP_B` | `x` | build | b \\| c | first, second |\n",
		"| `kind` | all | build and launch | bound | first |\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got\n%s\nwant\n%s", text, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		toml map[string]string
		want string
	}{
		"two meanings":    {map[string]string{"a": one, "b": strings.Replace(one, "b | c", "d", 1)}, "BP_B: a and b declare it differently"},
		"two defaults":    {map[string]string{"a": one, "b": strings.Replace(one, `"x"`, `"y"`, 1)}, "BP_B: a and b declare it differently"},
		"no description":  {map[string]string{"a": strings.Replace(one, "b | c", "", 1)}, "a: BP_B has no description"},
		"no phase":        {map[string]string{"a": strings.Replace(one, "build = true", "", 1)}, "neither for the build nor for the launch"},
		"no name":         {map[string]string{"a": strings.Replace(one, "BP_B", "", 1)}, "a: a declaration has no name"},
		"nothing at all":  {map[string]string{"a": ""}, "no metadata.configurations"},
		"what is no TOML": {map[string]string{"a": "["}, "reading "},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "settings.md")
			err := run(context.Background(), []string{"-buildpacks", declare(t, tc.toml), "-out", out}, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) != 0 {
				t.Errorf("it leaves %v", entries)
			}
		})
	}
}
