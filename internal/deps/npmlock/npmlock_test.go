package npmlock_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/failure"
)

const version3 = `{
  "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": {"name": "app", "version": "1.0.0", "workspaces": ["packages/*"], "dependencies": {"a": "^1.0.0"}},
    "node_modules/a": {"version": "1.0.0", "resolved": "r", "integrity": "sha512-x", "license": "MIT", "dependencies": {"b": "2"}},
    "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "license": {"type": "ISC"}},
    "node_modules/alias": {"name": "real", "version": "3.0.0"},
    "node_modules/tool": {"version": "4.0.0", "dev": true, "engines": ["node"], "bin": {"tool-b": "b.js", "tool-a": "a.js"}},
    "node_modules/w": {"resolved": "packages/w", "link": true},
    "node_modules/native-arm64": {"version": "5.0.0", "optional": true, "os": ["linux"], "cpu": ["arm64"], "libc": "glibc"},
    "node_modules/native-x64": {"version": "5.0.0", "optional": true, "os": ["linux"], "cpu": ["x64"]},
    "packages/w": {"version": "0.1.0"},
    "packages/w/node_modules/a": {"version": "0.9.0", "devOptional": true}
  }
}`

const version1 = `{
  "name": "app", "version": "1.0.0", "lockfileVersion": 1, "requires": true,
  "dependencies": {
    "a": {"version": "1.0.0", "integrity": "sha1-x", "requires": {"b": "2"},
      "dependencies": {"b": {"version": "2.0.0", "bundled": true}}},
    "tool": {"version": "4.0.0", "dev": true, "requires": true},
    "alias": {"version": "npm:@s/real@3.0.0"},
    "linked": {"version": "file:packages/linked"},
    "packed": {"version": "file:packed.tgz"}
  }
}`

func TestParseVersion3(t *testing.T) {
	lock, err := npmlock.Parse([]byte(version3))
	if err != nil {
		t.Fatal(err)
	}
	if lock.Version != 3 || lock.Root.Name != "app" || len(lock.Packages) != 9 {
		t.Errorf("got %+v", lock)
	}
	want := []string{"a@1.0.0 MIT", "@s/b@2.0.0 ISC", "real@3.0.0 ", "native-arm64@5.0.0 ", "a@0.9.0 "}
	if got := describe(lock.Packages, targets.LinuxARM64); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lock.Links(); !reflect.DeepEqual(got, []string{"packages/w"}) {
		t.Errorf("got %q", got)
	}
	for _, p := range lock.Packages {
		if want := map[string][]string{"node_modules/tool": {"tool-a", "tool-b"}}[p.Path]; !slices.Equal(p.Commands, want) {
			t.Errorf("%s: got the commands %q, want %q", p.Path, p.Commands, want)
		}
	}
}

func TestParseVersion1(t *testing.T) {
	lock, err := npmlock.Parse([]byte(version1))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a@1.0.0 ", "b@2.0.0 ", "@s/real@3.0.0 ", "packed@ "}
	if got := describe(lock.Packages, targets.LinuxAMD64); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lock.Links(); !reflect.DeepEqual(got, []string{"packages/linked"}) {
		t.Errorf("got %q", got)
	}
	if lock.Packages[0].Path != "node_modules/a" || lock.Packages[1].Path != "node_modules/a/node_modules/b" || !lock.Packages[1].InBundle {
		t.Errorf("got %+v", lock.Packages)
	}
}

// describe names the packages that an install without devDependencies puts into
// node_modules for a target.
func describe(packages []deps.Package, target targets.Target) []string {
	var all []string
	for _, p := range packages {
		if p.Dev || p.Link || !p.InNodeModules() || !p.RunsOn(deps.PlatformOf(target)) {
			continue
		}
		all = append(all, p.Name+"@"+p.Version+" "+p.License)
	}
	return all
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a merge conflict", "{\n<<<<<<< HEAD\n", "invalid character '<'"},
		{"no version", "{}", "lockfileVersion is 0, want 1, 2 or 3"},
		{"a version of the future", `{"lockfileVersion":4}`, "lockfileVersion is 4"},
		{"yarn's", "# yarn lockfile v1\n", "invalid character '#'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := npmlock.Parse([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if _, found, err := npmlock.Read(dir); found || err != nil {
		t.Errorf("no lockfile: got %v, %v", found, err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("package-lock.json", version1)
	if lock, found, err := npmlock.Read(dir); !found || err != nil || lock.File != "package-lock.json" {
		t.Errorf("got %+v, %v, %v", lock, found, err)
	}
	write("npm-shrinkwrap.json", version3)
	if lock, found, err := npmlock.Read(dir); !found || err != nil || lock.File != "npm-shrinkwrap.json" || lock.Version != 3 {
		t.Errorf("both: got %+v, %v, %v", lock, found, err)
	}
	write("npm-shrinkwrap.json", "{")
	if _, _, err := npmlock.Read(dir); !errors.Is(err, &failure.Failure{ID: "lockfile-invalid"}) {
		t.Errorf("broken: got %v", err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "package-lock.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := npmlock.Read(folder); !errors.Is(err, &failure.Failure{ID: "lockfile-invalid"}) {
		t.Errorf("a folder: got %v", err)
	}
}

// Without it npm would choose new versions.
func TestReadRefusesALinkOutOfTheApp(t *testing.T) {
	for _, name := range []string{"package-lock.json", "npm-shrinkwrap.json"} {
		dir := t.TempDir()
		if err := os.Symlink("../"+name, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := npmlock.Read(dir); !errors.Is(err, &failure.Failure{ID: npmlock.InvalidID}) || !strings.Contains(err.Error(), "a link to ../"+name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
