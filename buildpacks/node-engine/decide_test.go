package nodeengine_test

import (
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

func (f *fixture) decide() []decisions.Decision {
	return nodeengine.Decide(f.environ)(packit.DetectContext{WorkingDir: f.app, CNBPath: f.buildpack, Platform: packit.Platform{Path: f.platform}})
}

// What detection foresees is what the build chooses, with the entries that detection
// and the buildpack that installs packages require.
func TestTheVersionThatIsForeseenIsTheBuilds(t *testing.T) {
	for _, row := range []struct {
		name          string
		files         map[string]string
		env           string
		want, because string
	}{
		{"the default", nil, "", "24.1.0", "the default"},
		{"a version file", map[string]string{".nvmrc": "22"}, "", "22.1.0", `.nvmrc: "22"`},
		{"the setting before all files", map[string]string{".nvmrc": "24", "package.json": `{"engines":{"node":"24"}}`}, "BP_NODE_VERSION=22", "22.1.0", `BP_NODE_VERSION: "22"`},
		{"engines before a version file", map[string]string{".nvmrc": "24", "package.json": `{"engines":{"node":"22"}}`}, "", "22.1.0", `package.json: "22"`},
		{"the nearest of a version that there is not", map[string]string{".nvmrc": "22.0.0"}, "", "22.1.0", `.nvmrc: "22.0.0"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			for name, text := range row.files {
				f.write(t, f.app, name, text)
			}
			if row.env != "" {
				f.set(row.env)
			}
			want := decisions.Decision{Topic: decisions.Node, Decision: row.want, Evidence: row.because, Setting: "BP_NODE_VERSION=" + row.want}
			if got := f.decide(); len(got) != 1 || got[0] != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			result, err := f.detect()
			if err != nil {
				t.Fatal(err)
			}
			entries := []packit.BuildpackPlanEntry{both()}
			for _, line := range asked(t, result.Plan) {
				fields := strings.SplitN(line, " ", 3)
				entries = append(entries, entry(fields[0], "version="+fields[1], "version-source="+fields[2]))
			}
			if _, ok := row.files["package.json"]; ok {
				_, engine, _ := strings.Cut(row.because, `package.json: "`)
				if engine = strings.TrimSuffix(engine, `"`); engine == "" {
					engine = "24"
				}
				entries = append(entries, entry("node", "version="+engine, "version-source=package.json"))
			}
			f.build(entries...) // the archives are missing, which is an error after the choice
			if chosen := "Selected Node.js " + row.want + " (" + row.because + ")"; !strings.Contains(f.log.String(), chosen) {
				t.Errorf("the build says something else than %q:\n%s", chosen, f.log.String())
			}
		})
	}
}

// What ends the build, or detection, leaves no version to foresee.
func TestWhatCannotBeReadForeseesNothing(t *testing.T) {
	for name, spoil := range map[string]func(f *fixture){
		"the folder of the project": func(f *fixture) { f.set("BP_NODE_PROJECT_PATH=nowhere") },
		"a version file":            func(f *fixture) { f.write(t, f.app, ".nvmrc/x", "") },
		"a setting":                 func(f *fixture) { f.set("BP_NODE_OPTIMIZE_MEMORY=maybe") },
		"the inventory":             func(f *fixture) { f.write(t, f.buildpack, "buildpack.toml", "[") },
	} {
		f := newFixture(t)
		spoil(f)
		for _, one := range f.decide() {
			if one.Topic != decisions.Asked {
				t.Errorf("%s: got %+v", name, one)
			}
		}
	}
}

func TestAVersionThatThereIsNotIsAsked(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_VERSION=4")
	if got := f.decide(); len(got) != 1 || got[0].Topic != decisions.Asked || got[0].Name != "node-version-unknown" {
		t.Errorf("got %+v, want the error of the build", got)
	}
	if _, err := f.build(both(), entry("node", "version=4", "version-source=BP_NODE_VERSION")); err == nil || !strings.HasPrefix(err.Error(), "[node-version-unknown]") {
		t.Errorf("the build ends with %v", err)
	}
}
