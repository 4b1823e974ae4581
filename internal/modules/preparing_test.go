package modules

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// Vendored modules have one install for both. What prepares runs there, and the
// layer is not reused then.
func TestVendoredModulesPrepareForTheLaunch(t *testing.T) {
	for _, row := range []struct {
		build bool
		want  []string
	}{
		{false, []string{"launch prepares"}},
		{true, []string{"build prepares", "launch"}},
	} {
		s := newScene(t)
		s.kind = Vendored
		s.source["node_modules/a/package.json"] = `{"name":"a","version":"1.0.0"}`
		s.locked(deps.Package{Path: "packages/lib"}, deps.Package{Path: "node_modules/lib", Link: true, To: "packages/lib"})
		s.source["packages/lib/package.json"] = `{"name":"lib","version":"1.0.0","scripts":{"prepare":"make"}}`
		var got []string
		s.installed = func(part Part) error {
			words := map[bool]string{true: "build", false: "launch"}[part.Dev]
			if part.Preparing != nil {
				words += " prepares"
			}
			got = append(got, words)
			return nil
		}
		plan := forLaunch
		if row.build {
			plan = forBoth
		}
		s.built(plan)
		if !slices.Equal(got, row.want) {
			t.Errorf("for the build %t: got %q, want %q", row.build, got, row.want)
		}
		s.says("packages/lib/package.json has the script prepare, which may write anywhere in the app")
	}
}

// Without a lockfile, the folders of the project are its workspaces.
func TestAWorkspacePreparesWithoutALockfile(t *testing.T) {
	s := newScene(t)
	s.kind = Resolved
	delete(s.source, fakeLock)
	s.source["package.json"] = `{"workspaces":["packages/*"]}`
	s.source["packages/a/package.json"] = `{"name":"a","scripts":{"prepare":"make"}}`
	s.installed = func(part Part) error {
		if part.Preparing == nil {
			return nil
		}
		return part.Preparing(func() error {
			made := filepath.Join(s.app, "packages/a/node_modules/.made")
			return errors.Join(writeFiles(s.app, files{"packages/a/node_modules/.made/x": "1", "packages/a/dist/y": "2"}),
				os.Symlink("../../dist", filepath.Join(made, "out")), os.Symlink("x", filepath.Join(made, "in")))
		})
	}
	s.built(forLaunch)
	s.called("install build "+host(t).String(), "install launch "+host(t).String())
	made := s.in("launch-modules", "packages/a/node_modules", ".made")
	s.has(made, "in", "out", "x")
	for name, want := range map[string]string{"out/y": "2", "in": "1"} {
		if got, err := os.ReadFile(filepath.Join(made, name)); string(got) != want {
			t.Errorf("got %q, %v in %s, want %q", got, err, name, want)
		}
	}
}
