package deps_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

const monorepo = `{
  "name": "root", "lockfileVersion": 3,
  "packages": {
    "": {"name": "root", "workspaces": ["packages/*"], "dependencies": {"r": "1"}, "devDependencies": {"rdev": "1"}},
    "node_modules/r": {"version": "1.0.0"},
    "node_modules/rdev": {"version": "1.0.0", "dev": true},
    "node_modules/app": {"resolved": "packages/app", "link": true},
    "node_modules/@s/lib": {"resolved": "packages/lib", "link": true},
    "node_modules/gen": {"resolved": "packages/gen", "link": true},
    "node_modules/other": {"resolved": "packages/other", "link": true},
    "packages/app": {"version": "1.0.0", "dependencies": {"@s/lib": "*", "x": "1"}, "devDependencies": {"gen": "*", "appdev": "1"}, "optionalDependencies": {"opt": "1", "absent": "1"}},
    "packages/app/node_modules/x": {"version": "1.0.0", "dependencies": {"y": "1", "bundles": "1"}},
    "packages/lib": {"version": "1.0.0", "dependencies": {"x": "2", "app": "*"}, "devDependencies": {"libdev": "1"}},
    "packages/gen": {"version": "1.0.0", "dependencies": {"g": "1"}},
    "packages/other": {"version": "1.0.0", "dependencies": {"o": "1"}},
    "node_modules/x": {"version": "2.0.0", "peerDependencies": {"peer": "1", "optpeer": "1"}, "peerDependenciesMeta": {"optpeer": {"optional": true}}},
    "node_modules/y": {"version": "1.0.0"},
    "node_modules/peer": {"version": "1.0.0", "peer": true},
    "node_modules/optpeer": {"version": "1.0.0"},
    "node_modules/opt": {"version": "1.0.0", "optional": true},
    "node_modules/bundles": {"version": "1.0.0"},
    "node_modules/bundles/node_modules/inner": {"version": "1.0.0", "inBundle": true},
    "node_modules/appdev": {"version": "1.0.0", "dev": true},
    "node_modules/libdev": {"version": "1.0.0", "dev": true},
    "node_modules/g": {"version": "1.0.0"},
    "node_modules/o": {"version": "1.0.0"}
  }
}`

func TestClosure(t *testing.T) {
	lock, err := npmlock.Parse([]byte(monorepo))
	if err != nil {
		t.Fatal(err)
	}
	production := []string{
		"node_modules/@s/lib", "node_modules/app", "node_modules/bundles", "node_modules/bundles/node_modules/inner", "node_modules/opt",
		"node_modules/peer", "node_modules/x", "node_modules/y", "packages/app", "packages/app/node_modules/x", "packages/lib",
	}
	for _, tc := range []struct {
		name, folder string
		dev          bool
		packages     []string
		folders      []string
	}{
		{"of a workspace, with a circle", "packages/app", false, production, []string{"packages/lib", "packages/app"}},
		{
			"of a workspace, for development", "packages/app", true,
			append([]string{"node_modules/appdev", "node_modules/g", "node_modules/gen", "node_modules/libdev", "packages/gen"}, production...),
			[]string{"packages/lib", "packages/gen", "packages/app"},
		},
		{"of a workspace that needs no other", "packages/other", false, []string{"node_modules/o", "node_modules/other", "packages/other"}, []string{"packages/other"}},
		{"of the project", "", false, []string{"", "node_modules/r"}, []string{""}},
		{"of the project, for development", "", true, []string{"", "node_modules/r", "node_modules/rdev"}, []string{""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, found := lock.Closure(tc.folder, tc.dev)
			slices.Sort(tc.packages)
			if packages := slices.Sorted(maps.Keys(got.Packages)); !found || !reflect.DeepEqual(packages, tc.packages) {
				t.Errorf("got the packages\n%q, %v, want\n%q", packages, found, tc.packages)
			}
			if !reflect.DeepEqual(got.Folders, tc.folders) {
				t.Errorf("got the folders %q, want %q", got.Folders, tc.folders)
			}
		})
	}
}

func TestClosureOfWhatTheLockfileDoesNotHave(t *testing.T) {
	const sparse = `{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0"}}}`
	for text, folder := range map[string]string{monorepo: "packages/missing", sparse: ""} {
		lock, err := npmlock.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, found := lock.Closure(folder, false); found {
			t.Errorf("found %q in a lockfile of version %d", folder, lock.Version)
		}
	}
	if _, found := (deps.Graph{}).Closure("", true); found {
		t.Error("found the project in no lockfile")
	}
}
