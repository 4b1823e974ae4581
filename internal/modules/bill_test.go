package modules

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// bill lists the components of a layer's bill of materials, with their licences.
func (s *scene) bill(layer string) (all []string) {
	s.t.Helper()
	formatter := s.layers[layer].SBOM
	if formatter == nil {
		return nil
	}
	for _, format := range formatter.Formats() {
		text, err := io.ReadAll(format.Content)
		if err != nil {
			s.t.Fatal(err)
		}
		var document struct {
			Components []struct {
				Name, Version string
				Licenses      []struct {
					License struct{ ID, Name string }
				}
			}
		}
		if format.Extension != "cdx.json" {
			continue
		}
		if err := json.Unmarshal(text, &document); err != nil {
			s.t.Fatal(err)
		}
		for _, c := range document.Components {
			line := c.Name + "@" + c.Version
			for _, one := range c.Licenses {
				line += " " + one.License.ID
			}
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

func TestABillOfMaterialsListsWhatALayerHas(t *testing.T) {
	s := newScene(t)
	s.locked(
		deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", License: "MIT"},
		deps.Package{Path: "node_modules/b", Name: "b", Version: "2.0.0"},
		deps.Package{Path: "node_modules/other", Name: "other", Version: "2.0.0", CPU: []string{other(t).Node()}},
		deps.Package{Path: "node_modules/tool", Name: "tool", Version: "3.0.0", Dev: true},
	)
	s.packages = map[string]files{"b": {"package.json": `{"name":"b","version":"2.0.0","license":"ISC"}`}}
	for _, when := range []string{"made", "reused without its content"} {
		s.built(forBothRelink)
		if got, want := s.bill("launch-modules"), []string{"a@1.0.0 MIT", "b@2.0.0 ISC"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
		if got, want := s.bill("build-modules"), []string{"a@1.0.0 MIT", "b@2.0.0 ISC", "tool@3.0.0"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	s.env = s.env.With("BP_DISABLE_SBOM", "true")
	s.built(forBothRelink)
	if s.layers["launch-modules"].SBOM != nil || s.layers["build-modules"].SBOM != nil {
		t.Error("switched off: there is one")
	}
}

func TestABillOfVendoredModulesIsOfWhatIsThere(t *testing.T) {
	s := own(t)
	for range 2 {
		s.built(forLaunch)
		if got, want := s.bill("launch-modules"), []string{"a@1.0.0 MIT", "tool@3.0.0"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The manager's record has the sources of vendored modules.
func TestABillOfVendoredModulesHasWhatTheManagerNoted(t *testing.T) {
	s := own(t)
	notes, err := json.Marshal(deps.Graph{Packages: []deps.Package{
		{Path: "node_modules/a", Name: "a", Version: "1.0.0", Source: deps.Source{Kind: deps.FromGit, Address: "git+https://h.example.com/a.git", Commit: "abc"}},
		{Path: "node_modules/tool", Name: "tool", Version: "2.0.0", Source: deps.Source{Kind: deps.FromFile, Address: "file:tool.tgz"}}, // another version
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.source["node_modules/"+fakeNotes] = string(notes)
	s.built(forLaunch)
	for _, format := range s.layers["launch-modules"].SBOM.Formats() {
		text, err := io.ReadAll(format.Content)
		if err != nil {
			t.Fatal(err)
		}
		if format.Extension == "cdx.json" && (!bytes.Contains(text, []byte("vcs_url")) || bytes.Contains(text, []byte("tool.tgz"))) {
			t.Errorf("got %s", text)
		}
	}
}

func TestABillOfAWorkspaceIsOfWhatItNeeds(t *testing.T) {
	s := monorepo(t)
	s.built(forLaunch)
	if got, want := s.bill("launch-modules"), []string{"a@1.0.0", "b@2.0.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
