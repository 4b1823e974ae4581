package modules

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// storeScene is a monorepo whose manager makes a virtual store: api needs lib, which
// needs a; web needs b; the root needs r.
func storeScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	stored := func(name string, needs map[string]deps.Need) deps.Stored {
		return deps.Stored{Key: name, Folder: name + "@1.0.0", Package: deps.Package{Name: name, Version: "1.0.0"}, Needs: needs}
	}
	graph, err := deps.Store(".store",
		[]deps.Importer{
			{Needs: map[string]deps.Need{"r": {Key: "r"}}},
			{Package: deps.Package{Path: "apps/api"}, Needs: map[string]deps.Need{"lib": {IsFolder: true, Folder: "packages/lib"}, "tool": {Kind: deps.Dev, Key: "tool"}}},
			{Package: deps.Package{Path: "apps/web"}, Needs: map[string]deps.Need{"b": {Key: "b"}}},
			{Package: deps.Package{Path: "packages/lib"}, Needs: map[string]deps.Need{"a": {Key: "a"}}},
		},
		[]deps.Stored{stored("a", map[string]deps.Need{"c": {Key: "c"}}), stored("b", map[string]deps.Need{"c": {Key: "c"}}), stored("c", nil), stored("r", nil), stored("tool", nil)})
	if err != nil {
		t.Fatal(err)
	}
	graph.File, graph.Version = fakeLock, 1
	text, err := json.Marshal(graph)
	if err != nil {
		t.Fatal(err)
	}
	s.source = files{
		fakeLock:                    string(text),
		"package.json":              `{"name":"root","workspaces":["apps/*","packages/*"]}`,
		"apps/api/package.json":     `{"name":"api"}`,
		"apps/web/package.json":     `{"name":"web"}`,
		"packages/lib/package.json": `{"name":"lib"}`,
	}
	s.env = s.env.With("BP_NODE_PROJECT_PATH", "apps/api")
	s.installed = func(Part) error { // what managers put beside the packages
		hoisted := filepath.Join(s.app, "node_modules/.store/node_modules")
		return errors.Join(os.MkdirAll(hoisted, 0o755), os.Symlink("../b@1.0.0/node_modules/b", filepath.Join(hoisted, "b")),
			os.Symlink("../c@1.0.0/node_modules/c", filepath.Join(hoisted, "c")),
			writeFiles(s.app, files{
				"node_modules/.bin/r": "#!/bin/sh\nexec node \"$basedir/../r/package.json\"\n",
				"node_modules/.bin/a": "#!/bin/sh\nexec node \"$basedir/../.store/a@1.0.0/node_modules/a/package.json\"\n",
			}))
	}
	return s
}

// listing returns the files and links below a folder.
func listing(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		line := strings.TrimPrefix(place, dir+"/")
		if entry.Type() == fs.ModeSymlink {
			to, err := os.Readlink(place)
			if err != nil {
				return err
			}
			line += " -> " + to
		}
		all = append(all, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAVirtualStoreMovesAsAWhole(t *testing.T) {
	s := storeScene(t)
	if err := s.build(forLaunch); err != nil {
		t.Fatal(err, s.log.String())
	}
	want := []string{
		"apps/api/node_modules/lib -> " + s.app + "/packages/lib",
		"node_modules/.bin/a",
		"node_modules/.store/a@1.0.0/node_modules/a/package.json",
		"node_modules/.store/a@1.0.0/node_modules/c -> ../../c@1.0.0/node_modules/c",
		"node_modules/.store/c@1.0.0/node_modules/c/package.json",
		"node_modules/.store/node_modules/c -> ../c@1.0.0/node_modules/c",
		"packages/lib/node_modules/a -> ../../../node_modules/.store/a@1.0.0/node_modules/a",
	}
	if got := listing(t, s.layers[launchLayer].Path); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, place := range []string{"node_modules", "apps/api/node_modules", "packages/lib/node_modules"} {
		if to, err := os.Readlink(filepath.Join(s.app, place)); err != nil || to != filepath.Join(s.layers[launchLayer].Path, place) {
			t.Errorf("%s leads to %q, %v", place, to, err)
		}
	}
	if _, err := os.Stat(filepath.Join(s.app, "apps/api/node_modules/lib/node_modules/a/package.json")); err != nil {
		t.Errorf("a is not found through lib: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.app, "apps/web")); err == nil {
		t.Error("web is still in the app")
	}
}

func TestWhatScriptsGenerateInAVirtualStore(t *testing.T) {
	s := storeScene(t)
	s.source["apps/api/package.json"] = `{"name":"api","scripts":{"build":"x"}}`
	s.run = func(Script) error {
		return writeFiles(s.app, files{
			"node_modules/.store/a@1.0.0/node_modules/.client/index.js": "generated",
			"node_modules/.store/tool@1.0.0/node_modules/.tool/x.js":    "for development",
		})
	}
	if err := s.build(forLaunch); err != nil {
		t.Fatal(err, s.log.String())
	}
	got := listing(t, s.layers[launchLayer].Path)
	if !slices.Contains(got, "node_modules/.store/a@1.0.0/node_modules/.client/index.js") {
		t.Errorf("the client is not in the launch layer: %q", got)
	}
	if slices.ContainsFunc(got, func(one string) bool { return strings.Contains(one, "tool@") }) {
		t.Errorf("what belongs to a devDependency is in the launch layer: %q", got)
	}
}

// Bun refuses a frozen install of a lockfile without packages, and Yarn needs a
// lockfile for it.
func TestAManagerDoesNotInstallNothing(t *testing.T) {
	s := building(t, func(*scene) error { return nil })
	s.folderScripts = []string{"postinstall"}
	s.source["package.json"] = `{"name":"app","scripts":{"postinstall":"x","build":"x"}}`
	s.locked()
	s.built(forLaunch)
	s.called("run postinstall", "run build")
}

func TestWhatInstallScriptsGenerateInAVirtualStore(t *testing.T) {
	s := storeScene(t)
	s.source["apps/api/package.json"] = `{"name":"api","scripts":{"build":"x"}}`
	s.run = func(Script) error { return nil }
	const client = "node_modules/.store/a@1.0.0/node_modules/.client/index.js"
	s.installed = func(part Part) error {
		if !part.Dev {
			return nil
		}
		return writeFiles(s.app, files{client: "generated", "node_modules/.store/tool@1.0.0/node_modules/.tool/x.js": "for development"})
	}
	if err := s.build(forLaunch); err != nil {
		t.Fatal(err, s.log.String())
	}
	got := listing(t, s.layers[launchLayer].Path)
	if !slices.Contains(got, client) {
		t.Errorf("the client is not in the launch layer: %q", got)
	}
	if slices.ContainsFunc(got, func(one string) bool { return strings.Contains(one, "tool@") }) {
		t.Errorf("what belongs to a devDependency is in the launch layer: %q", got)
	}
}

func TestScriptsOfFoldersRunOnceAndInOrder(t *testing.T) {
	s := storeScene(t)
	s.folderScripts = []string{"postinstall", "prepare"}
	s.source["package.json"] = `{"name":"root","workspaces":["apps/*","packages/*"],"scripts":{"prepare":"husky","postinstall":"x"}}`
	s.source["apps/api/package.json"] = `{"name":"api","scripts":{"prepare":"x","postinstall":"x","build":"x"}}`
	s.source["apps/web/package.json"] = `{"name":"web","scripts":{"prepare":"x"}}`
	s.source["packages/lib/package.json"] = `{"name":"lib","scripts":{"prepare":"x"}}`
	if err := s.build(forLaunch); err != nil {
		t.Fatal(err, s.log.String())
	}
	runs := slices.DeleteFunc(slices.Clone(s.calls), func(call string) bool { return !strings.HasPrefix(call, "run ") })
	want := []string{"run postinstall", "run prepare of packages/lib", "run postinstall of apps/api", "run prepare of apps/api", "run build of apps/api"}
	if !slices.Equal(runs, want) {
		t.Errorf("got %q, want %q", runs, want)
	}
}
