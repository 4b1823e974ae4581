package pnpmlock_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/pnpmlock"
	"github.com/armature-cnb/armature/internal/failure"
)

// The same app in each format.
const (
	version5 = `
lockfileVersion: 5.4
importers:
  .:
    specifiers: {}
  packages/lib:
    specifiers: {Aloud: 1.0.0, esbuild: ^0.25.0, other: npm:word@^1.0.0, util: workspace:*, tool: ^2.0.0}
    dependencies: {Aloud: 1.0.0_word@1.0.0, esbuild: 0.25.0, other: /word/1.0.0, util: link:../util}
    devDependencies: {tool: 2.0.0}
  packages/util:
    specifiers: {}
packages:
  /@esbuild/linux-arm64/0.25.0: {resolution: {integrity: sha512-YQ==}, cpu: [arm64], os: [linux], requiresBuild: true, dev: false, optional: true}
  /Aloud/1.0.0_word@1.0.0: {resolution: {integrity: sha512-YQ==}, peerDependencies: {word: 1}, dependencies: {word: 1.0.0}, dev: false}
  /esbuild/0.25.0: {resolution: {integrity: sha512-YQ==}, requiresBuild: true, optionalDependencies: {'@esbuild/linux-arm64': 0.25.0}, dev: false}
  /tool/2.0.0: {resolution: {integrity: sha512-YQ==}, dev: true}
  /word/1.0.0: {resolution: {integrity: sha512-YQ==}, dev: false}
`
	version6 = `
lockfileVersion: '6.0'
importers:
  .: {}
  packages/lib:
    dependencies:
      Aloud: {specifier: 1.0.0, version: 1.0.0(word@1.0.0)}
      esbuild: {specifier: ^0.25.0, version: 0.25.0}
      other: {specifier: npm:word@^1.0.0, version: /word@1.0.0}
      util: {specifier: workspace:*, version: link:../util}
    devDependencies:
      tool: {specifier: ^2.0.0, version: 2.0.0}
  packages/util: {}
packages:
  /@esbuild/linux-arm64@0.25.0: {resolution: {integrity: sha512-YQ==}, cpu: [arm64], os: [linux], requiresBuild: true, dev: false, optional: true}
  /Aloud@1.0.0(word@1.0.0): {resolution: {integrity: sha512-YQ==}, peerDependencies: {word: 1}, dependencies: {word: 1.0.0}, dev: false}
  /esbuild@0.25.0: {resolution: {integrity: sha512-YQ==}, requiresBuild: true, optionalDependencies: {'@esbuild/linux-arm64': 0.25.0}, dev: false}
  /tool@2.0.0: {resolution: {integrity: sha512-YQ==}, dev: true}
  /word@1.0.0: {resolution: {integrity: sha512-YQ==}, dev: false}
`
	version9 = `
lockfileVersion: '9.0'
importers:
  .: {}
  packages/lib:
    dependencies:
      Aloud: {specifier: 1.0.0, version: 1.0.0(word@1.0.0)}
      esbuild: {specifier: ^0.25.0, version: 0.25.0}
      other: {specifier: npm:word@^1.0.0, version: word@1.0.0}
      util: {specifier: workspace:*, version: link:../util}
    devDependencies:
      tool: {specifier: ^2.0.0, version: 2.0.0}
  packages/util: {}
packages:
  '@esbuild/linux-arm64@0.25.0': {resolution: {integrity: sha512-YQ==}, cpu: [arm64], os: [linux]}
  Aloud@1.0.0: {resolution: {integrity: sha512-YQ==}, peerDependencies: {word: 1}}
  esbuild@0.25.0: {resolution: {integrity: sha512-YQ==}}
  tool@2.0.0: {resolution: {integrity: sha512-YQ==}}
  word@1.0.0: {resolution: {integrity: sha512-YQ==}}
snapshots:
  '@esbuild/linux-arm64@0.25.0': {optional: true}
  Aloud@1.0.0(word@1.0.0): {dependencies: {word: 1.0.0}}
  esbuild@0.25.0: {optionalDependencies: {'@esbuild/linux-arm64': 0.25.0}}
  tool@2.0.0: {}
  word@1.0.0: {}
`
	// The first document of pnpm 12.
	ofPNPM = `
lockfileVersion: '9.0'
importers:
  .:
    packageManagerDependencies:
      pnpm: {specifier: 12.21.0, version: 12.21.0}
packages:
  pnpm@12.21.0: {resolution: {integrity: sha512-YQ==}}
snapshots:
  pnpm@12.21.0: {}
---`
)

func TestEveryFormatHasTheSameGraph(t *testing.T) {
	const at = "node_modules/.pnpm/"
	for _, tc := range []struct {
		name, text string
		line       int
		aloud      string // the folder of a package with a capital letter, as pnpm of that line names it
	}{
		{"5.4", version5, 7, "Aloud@1.0.0_word@1.0.0_pv5ic6a4yr7dpmgx36mh7gsmre"},
		{"6.0", version6, 8, "Aloud@1.0.0_word@1.0.0_pv5ic6a4yr7dpmgx36mh7gsmre"},
		{"9.0 with pnpm 9", version9, 9, "Aloud@1.0.0_word@1.0.0_pv5ic6a4yr7dpmgx36mh7gsmre"},
		{"9.0 with pnpm 10", version9, 10, "Aloud@1.0.0_word@1.0.0_858939f86876b88ee38e5b5486fc996b"},
		{"two documents", ofPNPM + version9, 12, "Aloud@1.0.0_word@1.0.0_858939f86876b88ee38e5b5486fc996b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			graph, err := pnpmlock.Parse([]byte(tc.text), tc.line)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range graph.Packages {
				line := p.Path
				if p.Link {
					line += " -> " + p.To
				} else if p.Version != "" {
					line += " " + p.Name + " " + p.Version + " " + p.Integrity
				}
				for _, mark := range []struct {
					set  bool
					name string
				}{{p.Dev, "dev"}, {p.Optional, "optional"}} {
					if mark.set {
						line += " " + mark.name
					}
				}
				got = append(got, line)
			}
			want := []string{
				at + "@esbuild+linux-arm64@0.25.0/node_modules/@esbuild/linux-arm64 @esbuild/linux-arm64 0.25.0 sha512-YQ== optional",
				at + tc.aloud + "/node_modules/Aloud Aloud 1.0.0 sha512-YQ==",
				at + tc.aloud + "/node_modules/word -> " + at + "word@1.0.0/node_modules/word",
				at + "esbuild@0.25.0/node_modules/@esbuild/linux-arm64 -> " + at + "@esbuild+linux-arm64@0.25.0/node_modules/@esbuild/linux-arm64 optional",
				at + "esbuild@0.25.0/node_modules/esbuild esbuild 0.25.0 sha512-YQ==",
				at + "tool@2.0.0/node_modules/tool tool 2.0.0 sha512-YQ== dev",
				at + "word@1.0.0/node_modules/word word 1.0.0 sha512-YQ==",
				"packages/lib",
				"packages/lib/node_modules/Aloud -> " + at + tc.aloud + "/node_modules/Aloud",
				"packages/lib/node_modules/esbuild -> " + at + "esbuild@0.25.0/node_modules/esbuild",
				"packages/lib/node_modules/other -> " + at + "word@1.0.0/node_modules/word",
				"packages/lib/node_modules/tool -> " + at + "tool@2.0.0/node_modules/tool dev",
				"packages/lib/node_modules/util -> packages/util",
				"packages/util",
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			lib, _ := graph.Package("packages/lib")
			if lib.Dependencies["other"] != "npm:word@^1.0.0" || lib.DevDeps["tool"] != "^2.0.0" {
				t.Errorf("got the ranges %v and %v", lib.Dependencies, lib.DevDeps)
			}
			closure, found := graph.Closure("packages/lib", false)
			if !found || !slices.Equal(closure.Folders, []string{"packages/util", "packages/lib"}) {
				t.Errorf("got the folders %v, %v", closure.Folders, found)
			}
		})
	}
}

func TestAProjectWithoutWorkspaces(t *testing.T) {
	graph, err := pnpmlock.Parse([]byte("lockfileVersion: '6.0'\ndependencies:\n  word: {specifier: ^1.0.0, version: 1.0.0}\npackages:\n  /word@1.0.0: {resolution: {integrity: sha512-YQ==}, requiresBuild: true}\n"), 8)
	if err != nil {
		t.Fatal(err)
	}
	found, ok := graph.Resolve("", "word")
	if !ok || !found.Link || graph.Root.Dependencies["word"] != "^1.0.0" || graph.Version != 6 {
		t.Errorf("got %v, %v, %v", found, graph.Root.Dependencies, graph.Version)
	}
	word, _ := graph.Package(found.To)
	if !word.HasInstallScript {
		t.Error("requiresBuild is not read")
	}
}

func TestPlatformsOfPackages(t *testing.T) {
	graph, err := pnpmlock.Parse([]byte("lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {os: [linux], cpu: [arm64], libc: [glibc]}\n  b@1.0.0: {os: [linux], cpu: [arm64], libc: [musl]}\n  c-linux-arm64-musl@1.0.0: {os: [linux], cpu: [arm64]}\nsnapshots:\n  a@1.0.0: {}\n  b@1.0.0: {}\n  c-linux-arm64-musl@1.0.0: {}\n"), 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range graph.Packages {
		if p.RunsOn(deps.PlatformOf(targets.LinuxARM64)) {
			got = append(got, p.Name)
		}
	}
	if !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %v, want a alone", got)
	}
}

func TestSources(t *testing.T) {
	for _, tc := range []struct {
		name, key, entry string
		want             deps.Source
		version          string
	}{
		{"a registry", "a@1.0.0", "{resolution: {integrity: sha512-YQ==}}", deps.Source{}, "1.0.0"},
		{"a registry that is not the default one", "'@s/a@1.0.0'", "{resolution: {integrity: sha512-YQ==, tarball: 'https://npm.example/@s/a/-/a-1.0.0.tgz'}}", deps.Source{}, "1.0.0"},
		{"GitHub", "a@https://codeload.github.com/o/a/tar.gz/c0ffee", "{resolution: {tarball: 'https://codeload.github.com/o/a/tar.gz/c0ffee'}, version: 1.2.3}",
			deps.Source{Kind: deps.FromGit, Address: "git+https://github.com/o/a.git", Commit: "c0ffee"}, "1.2.3"},
		{"git", "a@git+https://git.example/a.git#c0ffee", "{resolution: {commit: c0ffee, repo: 'https://me:secret@git.example/a.git', type: git}, version: 1.2.3}",
			deps.Source{Kind: deps.FromGit, Address: "git+https://git.example/a.git", Commit: "c0ffee"}, "1.2.3"},
		{"an archive", "a@https://files.example/a.tgz", "{resolution: {integrity: sha512-YQ==, tarball: 'https://files.example/a.tgz?token=x'}, version: 1.2.3}",
			deps.Source{Kind: deps.FromArchive, Address: "https://files.example/a.tgz"}, "1.2.3"},
		{"a file", "a@file:vendor/a.tgz", "{resolution: {integrity: sha512-YQ==, tarball: 'file:vendor/a.tgz'}, version: 1.2.3}",
			deps.Source{Kind: deps.FromFile, Address: "file:vendor/a.tgz"}, "1.2.3"},
		{"a folder", "a@file:packages/a(b@1.0.0)", "{resolution: {directory: packages/a, type: directory}}",
			deps.Source{Kind: deps.FromFile, Address: "file:packages/a"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			about, _, _ := strings.Cut(tc.key, "(b@")
			graph, err := pnpmlock.Parse([]byte("lockfileVersion: '9.0'\npackages:\n  "+about+": "+tc.entry+"\nsnapshots:\n  "+tc.key+": {}\n"), 10)
			if err != nil || len(graph.Packages) != 1 {
				t.Fatal(err, graph.Packages)
			}
			p := graph.Packages[0]
			if p.Source != tc.want || p.Version != tc.version || !strings.HasSuffix(tc.key, "/"+p.Name) && !strings.HasSuffix("a", p.Name) && p.Name != "@s/a" {
				t.Errorf("got %q %q %+v, want %q %+v", p.Name, p.Version, p.Source, tc.version, tc.want)
			}
		})
	}
}

func TestBadLockfiles(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "it is empty"},
		{"of a newer pnpm", "lockfileVersion: '10.0'\n", `lockfileVersion is "10.0", want 5.x, 6.x or 9.0`},
		{"of pnpm 2", "shrinkwrapVersion: 4\n", `lockfileVersion is "", want 5.x, 6.x or 9.0`},
		{"not YAML", "lockfileVersion: '9.0'\n\tpackages:\n", "found character that cannot start any token"},
		{"a package without its entry", "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: 1, version: 1.0.0}\n", `the project needs a as "a@1.0.0", and there is no entry for it`},
		{"a merge conflict", "lockfileVersion: '9.0'\n<<<<<<< HEAD\n=======\n>>>>>>> b\n", "has a merge conflict, at line 2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, pnpmlock.FileName), []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, _, err := pnpmlock.Read(dir, 10)
			if !errors.Is(err, &failure.Failure{ID: pnpmlock.InvalidID}) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, found, err := pnpmlock.Read(t.TempDir(), 10); found || err != nil {
		t.Errorf("without a file: got %v, %v", found, err)
	}
}

// dependenciesMeta.injected makes a copy of a workspace, which has to be built first.
func TestACopyOfAWorkspaceNeedsTheWorkspace(t *testing.T) {
	graph, err := pnpmlock.Parse([]byte(`
lockfileVersion: '9.0'
importers:
  .: {}
  apps/api:
    dependencies:
      lib: {specifier: workspace:*, version: file:packages/lib(word@1.0.0)}
  packages/lib:
    dependencies:
      word: {specifier: 1.0.0, version: 1.0.0}
packages:
  lib@file:packages/lib: {resolution: {directory: packages/lib, type: directory}}
  word@1.0.0: {resolution: {integrity: sha512-YQ==}}
snapshots:
  lib@file:packages/lib(word@1.0.0): {dependencies: {word: 1.0.0}}
  word@1.0.0: {}
`), 10)
	if err != nil {
		t.Fatal(err)
	}
	closure, found := graph.Closure("apps/api", false)
	if !found || !slices.Equal(closure.Folders, []string{"packages/lib", "apps/api"}) {
		t.Errorf("got the folders %v, %v", closure.Folders, found)
	}
	const place = "node_modules/.pnpm/lib@file+packages+lib_word@1.0.0/node_modules/lib"
	if !closure.Packages[place] {
		t.Errorf("the copy is not in %v", closure.Packages)
	}
}
