package install_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// With overrides the tree is npm's, or npm has to install.
func TestOverrides(t *testing.T) {
	for _, row := range []struct {
		name         string
		overrides    object
		dependencies object
		workspace    bool
		locked       map[string]string // id by place in node_modules
		handover     string            // in the reason
		later        bool              // before npm 11.3 it is a handover
	}{
		{name: "a version that is not asked for", overrides: object{"nested": "1.0.0"},
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "a range", overrides: object{"nested": ">=1 <2"},
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "several, also of what has dependencies", overrides: object{"nested": "1.0.0", "beta": "1.2.0", "unused": "3"},
			dependencies: object{"alpha": "1.0.0", "@scope/thing": "3"}, locked: map[string]string{"nested": "nested@1.0.0", "@scope/thing": "@scope/thing@3.0.0"}},
		{name: "within a package", later: true, overrides: object{"alpha": object{"nested": "1.0.0"}}, dependencies: object{"alpha": "1.0.0", "nested": "2"},
			locked: map[string]string{"nested": "nested@2.1.0", "alpha/node_modules/nested": "nested@1.0.0"}},
		{name: "of a package and within it", later: true, overrides: object{"alpha": object{".": "1.0.0", "nested": "1.0.0"}},
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "a reference", overrides: object{"nested": "$nested"},
			dependencies: object{"alpha": "1.0.0", "nested": "1.x"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "of some versions", overrides: object{"nested@^2": "2.1.0", "nested@<1": "1.0.0"},
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@2.1.0"}},
		{name: "an alias", overrides: object{"nested": "npm:real@4.0.0"},
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "real@4.0.0"}},
		{name: "a workspace", overrides: object{"beta": "1.2.0"}, workspace: true,
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@2.1.0"}},
		{name: "one that the lockfile does not have", overrides: object{"nested": "1.0.0"}, handover: "asks for nested 1.0.0",
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@2.1.0"}},
		{name: "a removed one", overrides: object{"beta": "1.2.0"}, handover: "asks for nested 2",
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "of a direct dependency", overrides: object{"beta": "1.2.0"}, handover: "an override is for beta",
			dependencies: object{"alpha": "1.0.0", "beta": "^1.0.0"}, locked: map[string]string{"nested": "nested@2.1.0"}},
		{name: "of versions that it replaces", overrides: object{"nested@2": "1.0.0"}, handover: "once only",
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "a file", overrides: object{"nested": "file:vendor/n.tgz"}, handover: "overrides nested with file:",
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
		{name: "a reference to nothing", overrides: object{"nested": "$other"}, handover: "overrides nested with $other",
			dependencies: object{"alpha": "1.0.0"}, locked: map[string]string{"nested": "nested@1.0.0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, npm := range npms(t) {
				registry := serve(t)
				s := newSide(t, npm, registry.address)
				dir := filepath.Join(t.TempDir(), "app")
				root := object{"name": "app", "version": "1.0.0", "dependencies": row.dependencies, "overrides": row.overrides}
				entry := object{"name": "app", "version": "1.0.0", "dependencies": row.dependencies}
				entries := object{"": entry, "node_modules/alpha": registry.entry("alpha@1.0.0", true, nil), "node_modules/beta": registry.entry("beta@1.2.0", true, nil)}
				for place, id := range row.locked {
					extra := object{}
					if strings.HasPrefix(id, "real@") {
						extra["name"] = "real"
					}
					entries["node_modules/"+place] = registry.entry(id, true, extra)
				}
				work := object{"name": "work", "version": "1.0.0", "dependencies": object{"beta": "^1.0.0"}}
				if row.workspace {
					root["workspaces"], entry["workspaces"] = []any{"packages/*"}, []any{"packages/*"}
					entries["packages/work"], entries["node_modules/work"] = work, object{"resolved": "packages/work", "link": true}
				}
				again := func() {
					write(t, dir, "package.json", root)
					write(t, dir, "package-lock.json", object{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries})
					if row.workspace {
						write(t, dir, "packages/work/package.json", work)
					}
				}
				handover := row.handover
				if row.later && s.npmVersion.LessThan(semver.MustParse("11.3.0")) {
					handover = "asks for nested 2"
				}
				sameTree(t, s, dir, handover, again)
			}
		})
	}
}

// sameTree requires the same of the installer and of npm, or a handover.
func sameTree(t *testing.T, s *side, dir, handover string, again func()) {
	t.Helper()
	again()
	host := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
	err := s.install(dir, host, nil)
	var reason *npmtree.Handover
	if handover != "" {
		if !errors.As(err, &reason) || !strings.Contains(err.Error(), handover) {
			t.Errorf("npm %s: got %v, want a handover: %s", s.npmVersion, err, handover)
		}
		return
	}
	if err != nil {
		t.Errorf("npm %s: %s", s.npmVersion, err)
		return
	}
	got, err := treediff.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Remove(dir); err != nil {
		t.Fatal(err)
	}
	again()
	s.npmCI(dir, host, nil)
	want, err := treediff.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range treediff.Compare(want, got) {
		t.Errorf("npm %s: %s", s.npmVersion, line)
	}
	if t.Failed() {
		record(t, dir)
	}
}
