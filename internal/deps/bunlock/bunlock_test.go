package bunlock_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
	"github.com/armature-cnb/armature/internal/failure"
)

// mono is a lockfile of a root with two workspaces.
const mono = `{
  // a comment
  "lockfileVersion": 2,
  "configVersion": 1,
  "workspaces": {
    "": {
      "name": "root",
      "dependencies": { "esbuild": "0.25.0", "api": "workspace:*", },
      "devDependencies": { "mocha": "^11.0.0", "shared": "1", },
    },
    "packages/api": {
      "name": "api",
      "version": "1.0.0",
      "dependencies": { "ms": "catalog:", "shared": "2", "local": "file:../../local", },
      "optionalDependencies": { "fsevents": "*" },
      "peerDependencies": { "react": "^18", "vue": "3" },
      "optionalPeers": [ "react", ],
    },
    "packages/web": { "name": "@s/web", "devDependencies": { "mocha": "^11.0.0" } },
  },
  "packages": {
    "@esbuild/linux-arm64": ["@esbuild/linux-arm64@0.25.0", "", { "os": "linux", "cpu": "arm64" }, "sha512-YQ=="],
    "@esbuild/netbsd-x64": ["@esbuild/netbsd-x64@0.25.0", "", { "os": "none", "cpu": "x64" }, "sha512-YQ=="],
    "@s/web": ["@s/web@workspace:packages/web"],
    "@s/web/mocha": ["mocha@11.1.0", "", { "bin": { "mocha": "bin/mocha.js", "_mocha": "bin/_mocha" } }, "sha512-Yg=="],
    "api": ["api@workspace:packages/api"],
    "api/local": ["local@file:local", { "dependencies": { "ms": "2" } }],
    "api/shared": ["shared@2.0.0", "https://registry.example.com/", {}, "sha512-Yw=="],
    "esbuild": ["esbuild@0.25.0", "", { "optionalDependencies": { "@esbuild/linux-arm64": "0.25.0", "@esbuild/netbsd-x64": "0.25.0" }, "bin": "bin/esbuild" }, "sha512-ZA=="],
    "fsevents": ["fsevents@2.3.3", "", { "os": [ "darwin", ], "dependencies": { "only": "1" } }, "sha512-ZQ=="],
    "from-git": ["from-git@git+ssh://git@example.com/a/b.git#0123abc", { "dependencies": {} }, "a-b-0123abc"],
    "from-github": ["from-github@github:a/b#0123abc", {}, "a-b-0123abc", "sha512-Zg=="],
    "mocha": ["mocha@11.2.0", "", { "dependencies": { "ms": "2" } }, "sha512-Zw=="],
    "mocha/ms": ["ms@2.0.0", "", {}, "sha512-aA=="],
    "ms": ["ms@2.1.3", "", {}, "sha512-aQ=="],
    "only": ["only@1.0.0", "", { "bundled": true }, "sha512-ag=="],
    "shared": ["shared@1.0.0", "", {}, "sha512-aw=="],
    "tar": ["tar@https://user:secret@example.com/tar.tgz?token=1", {}, "sha512-bA=="],
    "vendored": ["vendored@vendor/a.tgz", {}, "sha512-bQ=="],
  }
}
`

func parse(t *testing.T, text string) deps.Graph {
	t.Helper()
	g, err := bunlock.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParse(t *testing.T) {
	g := parse(t, mono)
	var places []string
	for _, p := range g.Packages {
		places = append(places, p.Path)
	}
	want := []string{
		"node_modules/@esbuild/linux-arm64", "node_modules/@esbuild/netbsd-x64", "node_modules/@s/web", "node_modules/api", "node_modules/esbuild", "node_modules/from-git",
		"node_modules/from-github", "node_modules/fsevents", "node_modules/mocha", "node_modules/mocha/node_modules/ms", "node_modules/ms", "node_modules/only", "node_modules/shared",
		"node_modules/tar", "node_modules/vendored", "packages/api", "packages/api/node_modules/local", "packages/api/node_modules/shared", "packages/web", "packages/web/node_modules/mocha",
	}
	if !slices.Equal(places, want) {
		t.Errorf("got %q", places)
	}
	if g.Version != 2 || g.Root.Name != "root" || g.Root.Dependencies["esbuild"] != "0.25.0" || g.Root.DevDeps["mocha"] != "^11.0.0" {
		t.Errorf("got %d, %+v", g.Version, g.Root)
	}
	for _, row := range []struct {
		path string
		want deps.Package
	}{
		{"node_modules/@esbuild/linux-arm64", deps.Package{Name: "@esbuild/linux-arm64", Version: "0.25.0", Integrity: "sha512-YQ==", OS: []string{"linux"}, CPU: []string{"arm64"}, Optional: true}},
		{"node_modules/api", deps.Package{Name: "api", Link: true, To: "packages/api"}},
		{"node_modules/mocha", deps.Package{Name: "mocha", Version: "11.2.0", Integrity: "sha512-Zw==", Dependencies: map[string]string{"ms": "2"}, Dev: true}},
		{"node_modules/mocha/node_modules/ms", deps.Package{Name: "ms", Version: "2.0.0", Integrity: "sha512-aA==", Dev: true}},
		{"packages/web/node_modules/mocha", deps.Package{Name: "mocha", Version: "11.1.0", Integrity: "sha512-Yg==", Commands: []string{"_mocha", "mocha"}, Dev: true}},
		{"node_modules/only", deps.Package{Name: "only", Version: "1.0.0", Integrity: "sha512-ag==", InBundle: true, Optional: true}},
		{"packages/api/node_modules/shared", deps.Package{Name: "shared", Version: "2.0.0", Resolved: "https://registry.example.com/", Integrity: "sha512-Yw=="}},
		{"packages/api/node_modules/local", deps.Package{Name: "local", Dependencies: map[string]string{"ms": "2"}, Source: deps.Source{Kind: deps.FromFile, Address: "file:local"}}},
		{"node_modules/from-git", deps.Package{Name: "from-git", Dependencies: map[string]string{}, Source: deps.Source{Kind: deps.FromGit, Address: "git+ssh://example.com/a/b.git", Commit: "0123abc"}}},
		{"node_modules/from-github", deps.Package{Name: "from-github", Integrity: "sha512-Zg==", Source: deps.Source{Kind: deps.FromGit, Address: "git+https://github.com/a/b.git", Commit: "0123abc"}}},
		{"node_modules/tar", deps.Package{Name: "tar", Integrity: "sha512-bA==", Source: deps.Source{Kind: deps.FromArchive, Address: "https://example.com/tar.tgz"}}},
		{"node_modules/vendored", deps.Package{Name: "vendored", Integrity: "sha512-bQ==", Source: deps.Source{Kind: deps.FromFile, Address: "file:vendor/a.tgz"}}},
		{"packages/api", deps.Package{
			Name: "api", Version: "1.0.0", Dependencies: map[string]string{"ms": "catalog:", "shared": "2", "local": "file:../../local"}, OptionalDeps: map[string]string{"fsevents": "*"}, PeerDeps: map[string]string{"vue": "3"},
		}},
	} {
		row.want.Path = row.path
		if got, _ := g.Package(row.path); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", row.path, got, row.want)
		}
	}
}

func TestTheGraphAnswers(t *testing.T) {
	g := parse(t, mono)
	closure, found := g.Closure("packages/api", false)
	want := []string{"node_modules/api", "node_modules/fsevents", "node_modules/ms", "node_modules/only", "packages/api", "packages/api/node_modules/local", "packages/api/node_modules/shared"}
	if got := slices.Sorted(maps.Keys(closure.Packages)); !found || !slices.Equal(got, want) {
		t.Errorf("got %q, %t", got, found)
	}
	if got := g.Links(); !slices.Equal(got, []string{"packages/api", "packages/web"}) {
		t.Errorf("got %q", got)
	}
	gaps := g.Gaps(deps.PlatformOf(targets.LinuxAMD64), false)
	if len(gaps) != 0 { // esbuild names no package for it
		t.Errorf("got %v", gaps)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct{ name, text, says string }{
		{"a merge conflict", strings.Replace(mono, `    "ms": [`, "<<<<<<< HEAD\n    \"ms\": [", 1), "line 35 is of a merge conflict"},
		{"a newer format", `{"lockfileVersion": 4}`, "want 0 to 3"},
		{"no JSON", `{"packages":`, "unexpected"},
		{"a package that is no list", `{"packages":{"a":{}}}`, `the package "a"`},
		{"a package without a version", `{"packages":{"a":["a"]}}`, "want a name and a version"},
		{"a key that leads out", `{"packages":{"../a":["a@1.0.0"]}}`, "want names of packages"},
		{"a workspace that is out of the project", `{"packages":{"a":["a@workspace:../a"]}}`, "want a folder of the project"},
		{"one folder for two", `{"workspaces":{"x":{"name":"x"}},"packages":{"x":["x@workspace:x"],"x/a":["a@1.0.0"],"y":["y@workspace:x"],"y/a":["a@2.0.0"]}}`, "two packages are in the folder"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := bunlock.Parse([]byte(row.text)); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %s", err, row.says)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if _, found, err := bunlock.Read(dir); found || err != nil {
		t.Errorf("an empty folder: got %t, %v", found, err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("bun.lockb", "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x00")
	if _, found, err := bunlock.Read(dir); found || err != nil {
		t.Errorf("a binary lockfile alone: got %t, %v", found, err)
	}
	write("bun.lock", mono)
	if g, found, err := bunlock.Read(dir); !found || err != nil || g.File != "bun.lock" {
		t.Errorf("got %s, %t, %v", g.File, found, err)
	}
	write("bun.lock", "{")
	if _, _, err := bunlock.Read(dir); !errors.Is(err, &failure.Failure{ID: "lockfile-invalid"}) {
		t.Errorf("no JSON: got %v", err)
	}
}

// FuzzParse looks for a lockfile that makes parsing or a query panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{mono, `null`, `{}`, `[]`, `{"packages":{"a/@b/c":["@b/c@1"],"a":["a@workspace:a"]},"workspaces":{"a":{"dependencies":{"@b/c":"*"}}}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := bunlock.Parse(text)
		if err != nil {
			return
		}
		for _, dev := range []bool{false, true} {
			g.Gaps(deps.PlatformOf(targets.LinuxARM64), dev)
			g.Closure("", dev)
			g.Closure("packages/api", dev)
		}
		for _, p := range g.Packages {
			if !filepath.IsLocal(p.Path) {
				t.Errorf("the path %q leads out of the project", p.Path)
			}
		}
	})
}
