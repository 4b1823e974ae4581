package taskrunner_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/taskrunner"
)

func TestFind(t *testing.T) {
	const ordered = "{ // of Turborepo\n\"tasks\": {\"build\": {\"dependsOn\": [\"^build\", \"generate\"],},}}"
	for _, row := range []struct {
		name, file, text, dependency string
		want                         string // the runner's name
		build                        bool   // it builds a workspace after its dependencies
	}{
		{"Turborepo", "turbo.json", ordered, "turbo", "turbo", true},
		{"in the other spelling", "turbo.jsonc", ordered, "turbo", "turbo", true},
		{"of version 1", "turbo.json", `{"pipeline":{"build":{"dependsOn":["^build"]}}}`, "turbo", "turbo", true},
		{"without an order", "turbo.json", `{"tasks":{"build":{}}}`, "turbo", "turbo", false},
		{"not installed", "turbo.json", ordered, "other", "", false},
		{"not configured", "other.json", ordered, "turbo", "", false},
		{"Nx, which builds through the workspaces' own scripts", "nx.json", `{}`, "nx", "nx", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, row.file), []byte(row.text), 0o644); err != nil {
				t.Fatal(err)
			}
			root := packagejson.Package{PackageManager: "npm@11.0.0", DevDependencies: map[string]string{row.dependency: "^2.1.0"}}
			got, found, err := taskrunner.Find(dir, root)
			if err != nil || got.Name != row.want || found != (row.want != "") {
				t.Fatalf("got %+v, %v, %v", got, found, err)
			}
			if !found {
				return
			}
			args, ok := got.Build(root, packagejson.Package{Name: "@x/api"})
			if ok != row.build || ok && !slices.Equal(args, []string{"run", "build", "--filter=@x/api", "--env-mode=loose"}) {
				t.Errorf("got %q, %v", args, ok)
			}
			if _, ok := got.Build(packagejson.Package{}, packagejson.Package{Name: "@x/api"}); ok {
				t.Error("Turborepo refuses to run in a root without packageManager")
			}
			if _, ok := got.Build(root, packagejson.Package{}); ok {
				t.Error("a workspace without a name cannot be named")
			}
		})
	}
}

func TestVersionOneHidesNoVariables(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "turbo.json"), []byte(`{"pipeline":{"build":{"dependsOn":["^build"]}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for spec, hides := range map[string]bool{"1.10.3": false, "^1": false, "~1.2.0": false, ">=1.0": false, "2.0.0": true, "^2.11.11": true, "latest": true, "catalog:": true, "10.0.0": true} {
		root := packagejson.Package{PackageManager: "npm@11.0.0", DevDependencies: map[string]string{"turbo": spec}}
		r, _, err := taskrunner.Find(dir, root)
		if err != nil {
			t.Fatal(err)
		}
		if args, _ := r.Build(root, packagejson.Package{Name: "api"}); slices.Contains(args, "--env-mode=loose") != hides {
			t.Errorf("%s: got %q", spec, args)
		}
	}
}

func TestAConfigurationThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "turbo.json"), []byte("<<<<<<< HEAD"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := taskrunner.Find(dir, packagejson.Package{Dependencies: map[string]string{"turbo": "2"}})
	if !errors.Is(err, &failure.Failure{ID: "task-runner-invalid"}) {
		t.Errorf("got %v", err)
	}
}

// Results are kept in the folder, and nothing stays in the background.
func TestVariables(t *testing.T) {
	for name, file := range map[string]string{"turbo": "turbo.json", "nx": "nx.json"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, file), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		r, _, err := taskrunner.Find(dir, packagejson.Package{Dependencies: map[string]string{name: "2"}})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(r.Variables("/layers/task-cache"), " ")
		if !strings.Contains(all, "=/layers/task-cache/"+name) || !strings.Contains(all, "DAEMON=false") {
			t.Errorf("%s: got %s", name, all)
		}
		if written := r.Written([]string{"apps/api"}); len(written) == 0 || !strings.HasPrefix(written[len(written)-1], "apps/api/.") {
			t.Errorf("%s: got %q", name, written)
		}
	}
}
