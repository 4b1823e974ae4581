package modules

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// monorepo has a workspace api, which depends on lib, and web, on which nothing
// depends.
func monorepo(t *testing.T) *scene {
	s := newScene(t)
	s.source = files{
		"package.json":              `{"name":"root","workspaces":["packages/*"],"devDependencies":{"tool":"1"}}`,
		"packages/api/package.json": `{"name":"api","version":"1.0.0","dependencies":{"a":"1","lib":"*"},"scripts":{"build":"x"}}`,
		"packages/lib/package.json": `{"name":"lib","version":"1.0.0","dependencies":{"b":"1"},"scripts":{"build":"x"}}`,
		"packages/lib/index.js":     "1",
		"packages/web/package.json": `{"name":"web","version":"1.0.0","dependencies":{"@s/c":"1"},"scripts":{"build":"x"}}`,
	}
	s.lockedFor(deps.Package{Name: "root", DevDeps: map[string]string{"tool": "1"}},
		deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0"},
		deps.Package{Path: "node_modules/@s/c", Name: "@s/c", Version: "1.0.0"},
		deps.Package{Path: "node_modules/tool", Name: "tool", Version: "3.0.0", Dev: true},
		deps.Package{Path: "node_modules/api", Link: true, To: "packages/api"},
		deps.Package{Path: "node_modules/lib", Link: true, To: "packages/lib"},
		deps.Package{Path: "node_modules/web", Link: true, To: "packages/web"},
		deps.Package{Path: "packages/api", Name: "api", Dependencies: map[string]string{"a": "1", "lib": "*"}},
		deps.Package{Path: "packages/lib", Name: "lib", Dependencies: map[string]string{"b": "1"}},
		deps.Package{Path: "packages/lib/node_modules/b", Name: "b", Version: "2.0.0"},
		deps.Package{Path: "packages/web", Name: "web", Dependencies: map[string]string{"@s/c": "1"}},
	)
	s.env = s.env.With("BP_NODE_PROJECT_PATH", "packages/api")
	return s
}

func TestAWorkspaceHasWhatItNeedsAndNothingElse(t *testing.T) {
	s := monorepo(t)
	target := host(t).String()
	s.built(forLaunch)
	s.called("install build "+target+" packages/lib packages/api", "run build of packages/lib", "run build of packages/api",
		"install launch "+target+" packages/lib packages/api", "prune")
	s.has(s.in("launch-modules"), "node_modules/a/package.json", "node_modules/api", "node_modules/lib", "packages/lib/node_modules/b/package.json")
	if to, err := os.Readlink(s.in("launch-modules", "node_modules/lib")); err != nil || to != filepath.Join(s.app, "packages/lib") {
		t.Errorf("lib leads to %q, %v", to, err)
	}
	s.leads("", s.in("launch-modules", "node_modules"))
	s.leads("packages/lib", s.in("launch-modules", "packages/lib/node_modules"))
	s.has(s.app, fakeLock, "node_modules", "package.json", "packages/api/package.json", "packages/lib/index.js", "packages/lib/node_modules", "packages/lib/package.json")
	s.says("Removing workspaces from the app that packages/api does not need: packages/web")

	s.built(forLaunch)
	s.called("run build of packages/lib", "run build of packages/api")
	s.leads("packages/lib", s.in("launch-modules", "packages/lib/node_modules"))
}

func TestAWorkspaceIsInstalledAnewWhenWhatItNeedsChanges(t *testing.T) {
	for file, anew := range map[string]bool{"package.json": true, "packages/lib/package.json": true, "packages/api/package.json": true, "packages/web/package.json": false, "packages/lib/index.js": false} {
		s := monorepo(t)
		s.env = s.env.With(settings.RunScripts, NoScripts)
		s.built(forLaunch)
		s.source[file] += "\n"
		s.built(forLaunch)
		if installed := len(s.calls) > 2; installed != anew {
			t.Errorf("%s: got %q", file, s.calls)
		}
	}
}

// Two names may link to one folder, and a workspace may be needed only for the
// build.
func TestAWorkspaceMayHaveTwoNamesAndToolsOfItsOwn(t *testing.T) {
	s := monorepo(t)
	s.source["packages/gen/package.json"] = `{"name":"gen","scripts":{"build":"x"}}`
	var g deps.Graph
	if err := json.Unmarshal([]byte(s.source[fakeLock]), &g); err != nil {
		t.Fatal(err)
	}
	for i := range g.Packages {
		if g.Packages[i].Path == "packages/api" {
			g.Packages[i].DevDeps = map[string]string{"gen": "*"}
		}
	}
	s.lockedFor(g.Root, append(g.Packages,
		deps.Package{Path: "node_modules/alias", Link: true, To: "packages/lib"},
		deps.Package{Path: "node_modules/gen", Link: true, To: "packages/gen", Dev: true},
		deps.Package{Path: "packages/gen", Name: "gen"})...)
	s.built(forLaunch)
	target := host(t).String()
	s.called("install build "+target+" packages/lib packages/gen packages/api", "run build of packages/lib", "run build of packages/gen", "run build of packages/api",
		"install launch "+target+" packages/lib packages/api", "prune")
	s.has(s.in("launch-modules"), "node_modules/a/package.json", "node_modules/alias", "node_modules/api", "node_modules/lib", "packages/lib/node_modules/b/package.json")
	if tree.Exists(filepath.Join(s.app, "packages/gen")) {
		t.Error("a workspace that only the build needs is in the image")
	}
}

// Scopes and commands of unneeded packages are removed, too.
func TestNothingIsLeftOfWhatAWorkspaceDoesNotNeed(t *testing.T) {
	s := monorepo(t)
	s.installed = func(Part) error {
		bin := filepath.Join(s.app, "node_modules/.bin")
		return errors.Join(os.MkdirAll(bin, 0o755), os.Symlink("../@s/c/package.json", filepath.Join(bin, "c")), os.Symlink("../a/package.json", filepath.Join(bin, "a")))
	}
	s.env = s.env.With(settings.RunScripts, NoScripts)
	s.built(forLaunch)
	for path, want := range map[string]bool{".bin/a": true, ".bin/c": false, "@s": false, fakeNotes: false} {
		if got := tree.Exists(s.in("launch-modules", "node_modules", path)); got != want {
			t.Errorf("%s is there: %v, want %v", path, got, want)
		}
	}
}

func TestWorkspacesThatAreNotNeededMayStay(t *testing.T) {
	s := monorepo(t)
	s.env = s.env.With(settings.RunScripts, NoScripts).With("BP_NODE_KEEP_WORKSPACES", "true")
	s.built(forLaunch)
	s.has(s.app, fakeLock, "node_modules", "package.json", "packages/api/package.json", "packages/lib/index.js", "packages/lib/node_modules", "packages/lib/package.json", "packages/web/package.json")
}

// Only a lockfile has a workspace's dependencies.
func TestAWorkspaceWithoutALockfileGetsOne(t *testing.T) {
	s := monorepo(t)
	text := s.source[fakeLock]
	delete(s.source, fakeLock)
	s.kind = Resolved
	if err := json.Unmarshal([]byte(text), &s.locks); err != nil {
		t.Fatal(err)
	}
	target := host(t).String()
	s.built(forLaunch)
	s.called("lock", "install build "+target+" packages/lib packages/api", "run build of packages/lib", "run build of packages/api",
		"install launch "+target+" packages/lib packages/api", "prune")
}

func TestFoldersThatAreMissing(t *testing.T) {
	for _, tc := range []struct {
		name, missing, path string
		fails               bool
	}{
		{"one that the workspace needs", "packages/lib/package.json", "packages/api", true},
		{"one that it does not need", "packages/web/package.json", "packages/api", false},
		{"one that another needs, of the whole project", "packages/lib/package.json", "", true},
		{"one that nobody needs, of the whole project", "packages/web/package.json", "", false},
	} {
		s := monorepo(t)
		s.env = s.env.With("BP_NODE_PROJECT_PATH", tc.path).With(settings.RunScripts, NoScripts)
		delete(s.source, tc.missing)
		delete(s.source, "packages/lib/index.js")
		if tc.missing == "packages/web/package.json" {
			s.source["packages/lib/index.js"] = ""
		}
		if err := s.build(forLaunch); errors.Is(err, &failure.Failure{ID: "linked-folder-missing"}) != tc.fails || !tc.fails && err != nil {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	for _, name := range []string{"file:../lib", "./vendor/lib.tgz"} {
		s := newScene(t)
		s.kind = Resolved
		delete(s.source, fakeLock)
		s.source["package.json"] = `{"dependencies":{"lib":"` + name + `"}}`
		if err := s.build(forLaunch); !errors.Is(err, &failure.Failure{ID: "linked-folder-missing"}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheHelperKnowsTheRootOfTheWorkspaces(t *testing.T) {
	s := monorepo(t)
	s.built(forBoth)
	links, err := nodemodules.ReadLinks(s.in("launch-modules"))
	if err != nil || links.Root != s.app || len(links.Launch) != 2 {
		t.Errorf("got %+v, %v", links, err)
	}
}
