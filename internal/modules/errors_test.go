package modules

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// The manager's errors end the build unchanged.
func TestWhatTheManagerSaysEndsTheBuild(t *testing.T) {
	for _, tc := range []struct {
		method string
		scene  func(t *testing.T) *scene
	}{
		{"Inspect", newScene}, {"Describe", newScene}, {"Prepare", newScene}, {"Key", newScene}, {"BoundDownloads", newScene},
		{"Unmet", func(t *testing.T) *scene {
			s := own(t)
			s.source["package.json"] = `{"scripts":{"build":"x"}}`
			return s
		}},
		{"WriteLock", func(t *testing.T) *scene {
			s := monorepo(t)
			s.kind = Resolved
			return s
		}},
		{"Repair", func(t *testing.T) *scene {
			s := newScene(t)
			needs := "p-linux-" + host(t).Node()
			s.locked(
				deps.Package{Path: "node_modules/p", Name: "p", Version: "1.0.0", OptionalDeps: map[string]string{needs: "1.0.0", "p-darwin-arm64": "1.0.0"}},
				deps.Package{Path: "node_modules/p-darwin-arm64", Name: "p-darwin-arm64", Version: "1.0.0", OS: []string{"darwin"}, Optional: true})
			return s
		}},
	} {
		s := tc.scene(t)
		s.fails = tc.method
		if err := s.build(forLaunch); !errors.Is(err, errFake) {
			t.Errorf("%s: got %v", tc.method, err)
		}
	}
}

func TestWhatTheAppHasWrongEndsTheBuild(t *testing.T) {
	for _, tc := range []struct {
		name, id string
		change   func(s *scene)
	}{
		{"a package.json that is none", "package-json-invalid", func(s *scene) { s.source["package.json"] = "{" }},
		{"no package.json", "", func(s *scene) { delete(s.source, "package.json") }},
		{"a lockfile that is none", "", func(s *scene) { s.source[fakeLock] = "{" }},
		{"no such project", "project-path-invalid", func(s *scene) { s.env = s.env.With("BP_NODE_PROJECT_PATH", "nowhere") }},
		{"no such target", "", func(s *scene) { s.env = s.env.With("CNB_TARGET_ARCH", "riscv64") }},
	} {
		s := newScene(t)
		tc.change(s)
		err := s.build(forLaunch)
		if err == nil || tc.id != "" && !errors.Is(err, &failure.Failure{ID: tc.id}) || len(s.calls) > 0 {
			t.Errorf("%s: got %v, %q", tc.name, err, s.calls)
		}
	}
}

// An unreadable lockfile does not fail a build that has installed: the bill of
// materials reports its gaps.
func TestABillOfMaterialsThatLacksSomethingIsAWarning(t *testing.T) {
	s := newScene(t)
	s.installed = func(Part) error { return os.WriteFile(filepath.Join(s.app, fakeLock), []byte("{"), 0o644) }
	s.built(forLaunch)
	s.says("WARNING: the bill of materials of launch-modules is not as it should be\n    unexpected end of JSON input\n")
	if got := s.bill("launch-modules"); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestABillOfNestedAndScopedVendoredModules(t *testing.T) {
	s := own(t)
	for path, text := range map[string]string{
		"@s/b/package.json": `{"name":"@s/b","version":"1.0.0"}`, "a/node_modules/@s/b/package.json": `{"name":"@s/b","version":"2.0.0"}`,
		"a/node_modules/c/package.json": `{"name":"c","version":"1.0.0"}`, "a/lib/package.json": `{"name":"no","version":"1.0.0"}`, "package.json": `{"name":"no","version":"1.0.0"}`,
	} {
		s.source["node_modules/"+path] = text
	}
	s.built(forLaunch)
	want := []string{"a@1.0.0 MIT", "b@1.0.0", "b@2.0.0", "c@1.0.0", "tool@3.0.0"} // the scope is a separate field
	if got := s.bill("launch-modules"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A package that is not installed here is skipped, but not those after it.
func TestPackagesThatAreNotInstalledHideNoOthers(t *testing.T) {
	s := newScene(t)
	s.locked(
		deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", HasInstallScript: true, OS: []string{"darwin"}, Optional: true},
		deps.Package{Path: "node_modules/b", Name: "b", Version: "1.0.0", HasInstallScript: true})
	s.packages = map[string]files{"b": {"package.json": `{"name":"b","version":"1.0.0","license":"MIT","scripts":{"install":"node gen.js"}}`}}
	s.built(forLaunch)
	s.source["index.js"] = "2"
	s.built(forLaunch)
	s.called("install launch " + host(t).String())
	if got, want := s.bill("launch-modules"), []string{"b@1.0.0 MIT"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
