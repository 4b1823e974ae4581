package main

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// goIn runs the go command in the lifecycle's module.
func goIn(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = "module"
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// The lifecycle is built with the versions in its own go.mod, except one that
// not every module proxy serves. docs/decisions/lifecycle.md says so.
func TestTheLifecycleIsMadeOfTheModulesThatItAsksFor(t *testing.T) {
	tier.Beyond(t, "the modules of the lifecycle")
	var asked struct {
		Require []struct{ Path, Version string }
	}
	dir := goIn(t, "list", "-m", "-f", "{{.Dir}}", module)
	if err := json.Unmarshal([]byte(goIn(t, "mod", "edit", "-json", filepath.Join(dir, "go.mod"))), &asked); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, m := range asked.Require {
		want[m.Path] = m.Version
	}
	const used = "{{with .Module}}{{.Path}} {{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}{{end}}"
	others, count := map[string]string{}, 0
	for line := range strings.Lines(goIn(t, "list", "-deps", "-f", used, module+"/cmd/lifecycle", module+"/cmd/launcher")) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path == "" || path == module {
			continue
		}
		count++
		if version != want[path] {
			others[path] = want[path] + " " + version
		}
	}
	known := map[string]string{"github.com/osscontainertools/kaniko": "v1.28.3 v1.27.5"}
	if count < 100 || !maps.Equal(others, known) {
		t.Errorf("of %d packages, got other modules than were asked for: %v, want %v", count, others, known)
	}
}
