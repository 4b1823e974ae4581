package project_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

func TestFind(t *testing.T) {
	const listed = `{"workspaces":["packages/*"]}`
	for _, tc := range []struct {
		name, path string
		files      map[string]string
		root       string // relative to the app
		workspace  string
		err        error
	}{
		{name: "without a path", path: "", files: map[string]string{"package.json": listed}},
		{name: "a workspace", path: "packages/a", files: map[string]string{"package.json": listed, "package-lock.json": `{"lockfileVersion":3}`}, workspace: "packages/a"},
		{name: "a workspace, nothing locked", path: "packages/a/", files: map[string]string{"package.json": listed}, workspace: "packages/a"},
		{name: "a workspace of a folder of the app", path: "mono/packages/a", files: map[string]string{"mono/package.json": listed}, root: "mono", workspace: "packages/a"},
		{name: "the nearest of two roots", path: "mono/packages/a", files: map[string]string{
			"package.json": `{"workspaces":["mono/packages/*"]}`, "mono/package.json": listed,
		}, root: "mono", workspace: "packages/a"},
		{name: "not listed", path: "tools/a", files: map[string]string{"package.json": listed}, root: "tools/a"},
		{name: "not among the workspaces of an unreadable lockfile", path: "tools/a", files: map[string]string{"package.json": listed, "package-lock.json": `{`}, err: &failure.Failure{ID: npmlock.InvalidID}},
		{name: "excluded", path: "packages/a", files: map[string]string{"package.json": `{"workspaces":["packages/*","!packages/a"]}`}, root: "packages/a"},
		{name: "listed by the lockfile only", path: "packages/a", files: map[string]string{
			"package.json":      `{"workspaces":["pack@(ages)/*"]}`,
			"package-lock.json": `{"lockfileVersion":3,"packages":{"node_modules/a":{"link":true,"resolved":"packages/a"}}}`,
		}, workspace: "packages/a"},
		{name: "no workspaces above", path: "web", files: map[string]string{"package.json": `{}`}, root: "web"},
		{name: "its own lockfile, and none above", path: "packages/a", files: map[string]string{"package.json": listed, "packages/a/package-lock.json": "{}"}, root: "packages/a"},
		{name: "a lockfile in both places", path: "packages/a", files: map[string]string{
			"package.json": listed, "package-lock.json": `{"lockfileVersion":3}`, "packages/a/package-lock.json": "{}",
		}, workspace: "packages/a"},
		{name: "its own lockfile of another manager, and none above", path: "packages/a", files: map[string]string{
			"package.json": listed, "packages/a/pnpm-lock.yaml": "",
		}, root: "packages/a"},
		{name: "its own lockfile of npm's, and another manager's above", path: "packages/a", files: map[string]string{
			"package.json": listed, "yarn.lock": "", "packages/a/package-lock.json": "{}",
		}, root: "packages/a"},
		{name: "its own lockfile of another manager, and npm's above", path: "packages/a", files: map[string]string{
			"package.json": listed, "package-lock.json": `{"lockfileVersion":3}`, "packages/a/pnpm-lock.yaml": "",
		}, workspace: "packages/a"},
		{name: "a lockfile of Yarn 1 in both places, which npm reads above only", path: "packages/a", files: map[string]string{
			"package.json": listed, "yarn.lock": "", "packages/a/yarn.lock": "",
		}, workspace: "packages/a"},
		{name: "another manager's lockfile above", path: "packages/a", files: map[string]string{"package.json": listed, "pnpm-lock.yaml": ""}, workspace: "packages/a"},
		{name: "an unreadable package.json above", path: "packages/a", files: map[string]string{"package.json": `{`}, err: &failure.Failure{ID: packagejson.InvalidID}},
		{name: "a package.json above that nobody could install", path: "web", files: map[string]string{"package.json": `{"engines":["node >= 0.8"]}`}, root: "web"},
		{name: "a path that does not exist", path: "missing", err: &failure.Failure{ID: "project-path-invalid"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := t.TempDir()
			dir := filepath.Join(app, tc.path)
			if tc.path != "missing" {
				writeFile(t, filepath.Join(dir, "index.js"), "")
			}
			for name, text := range tc.files {
				writeFile(t, filepath.Join(app, name), text)
			}
			got, err := project.Find(app, func(string) string { return tc.path })
			if tc.err != nil {
				if !errors.Is(err, tc.err) {
					t.Errorf("got %v, want %v", err, tc.err)
				}
				return
			}
			if want := (project.Project{Dir: dir, Root: filepath.Join(app, tc.root)}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if got.Workspace() != tc.workspace {
				t.Errorf("got the workspace %q, want %q", got.Workspace(), tc.workspace)
			}
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestIsWorkspace(t *testing.T) {
	for _, tc := range []struct {
		globs  []string
		folder string
		want   bool
	}{
		{[]string{"packages/*"}, "packages/a", true},
		{[]string{"./packages/*/"}, "packages/a", true},
		{[]string{"packages/*"}, "packages/a/b", false},
		{[]string{"packages/*"}, "packages", false},
		{[]string{"packages/**"}, "packages/a/b", true},
		{[]string{"**"}, "a/node_modules/b", false},
		{[]string{"apps/web", "libs/x-?"}, "libs/x-1", true},
		{[]string{"{apps,libs}/*"}, "libs/a", true},
		{[]string{"{apps,libs}/*"}, "other/a", false},
		{[]string{"packages/*", "!packages/a"}, "packages/a", false},
		{[]string{"!packages/a", "packages/*"}, "packages/a", true},
		{[]string{"packages/["}, "packages/a", false},
		{nil, "packages/a", false},
	} {
		if got := project.IsWorkspace(tc.globs, tc.folder); got != tc.want {
			t.Errorf("%q in %q: got %v, want %v", tc.folder, tc.globs, got, tc.want)
		}
	}
}
