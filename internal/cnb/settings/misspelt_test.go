package settings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

func TestTypos(t *testing.T) {
	names := []string{"BP_NODE_VERSION", "BP_NPM_VERSION", "BP_LOG_LEVEL", "BP_DEPENDENCY_MIRROR", "BP_DEPENDENCY_MIRROR_<HOST>", "NODE_ENV"}
	for got, want := range map[string]string{
		"BP_NODE_VERSON":            "BP_NODE_VERSION", // one is missing
		"BP_NODE_VERSIONS":          "BP_NODE_VERSION", // too much
		"BP_NDOE_VERSION":           "BP_NODE_VERSION", // in the place of the next
		"BP_NODE_VRESON":            "BP_NODE_VERSION", // two, behind the same beginning
		"PB_NODE_VERSION":           "BP_NODE_VERSION",
		"BP_NODE_VERSION":           "",
		"BP_DEPENDENCY_MIRROR_A":    "", // of a host
		"BP_JVM_VERSION":            "", // another buildpack's
		"BP_GO_VERSION":             "",
		"BP_PIP_VERSION":            "",
		"BP_NODE_SOMETHING_NEW":     "",
		"NODE_EVN":                  "", // not a setting by its look
		"BP_DEPENDENCY_MIROR_OTHER": "",
	} {
		typos := settings.Typos([]string{got + "=1", "PATH=/bin"}, names)
		if want == "" && len(typos) > 0 || want != "" && (len(typos) != 1 || typos[0] != settings.Typo{Got: got, Meant: want}) {
			t.Errorf("%s: got %v, want %q", got, typos, want)
		}
	}
}

// No setting of one buildpack is taken for a misspelt one of another.
func TestSettingsAreNoTyposOfEachOther(t *testing.T) {
	paths, err := filepath.Glob("../../../buildpacks/*/buildpack.toml")
	if err != nil || len(paths) < 3 {
		t.Fatal(paths, err)
	}
	own := map[string][]string{}
	var all []string
	for _, path := range paths {
		var descriptor struct {
			Metadata struct {
				Configurations []struct{ Name string }
			}
		}
		if _, err := toml.DecodeFile(path, &descriptor); err != nil {
			t.Fatal(err)
		}
		for _, one := range descriptor.Metadata.Configurations {
			own[path] = append(own[path], one.Name)
			all = append(all, one.Name+"=1")
		}
	}
	for path, names := range own {
		if typos := settings.Typos(all, names); len(typos) > 0 {
			t.Errorf("%s: got %v", path, typos)
		}
	}
}

func TestABuildWarnsOfTypos(t *testing.T) {
	dir := t.TempDir()
	text := "[[metadata.configurations]]\nname = \"BP_NODE_VERSION\"\n"
	if err := os.WriteFile(filepath.Join(dir, "buildpack.toml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, failure := range []error{nil, errors.New("bad")} {
		var said []string
		build := settings.WarningOfTypos(func(packit.BuildContext) (packit.BuildResult, error) { return packit.BuildResult{}, failure },
			[]string{"BP_NODE_VERSON=24"}, func(format string, arguments ...any) { said = append(said, fmt.Sprintf(format, arguments...)) })
		_, err := build(packit.BuildContext{CNBPath: dir})
		if err != failure || !slices.Equal(said, []string{"WARNING: no buildpack reads BP_NODE_VERSON. Did you mean BP_NODE_VERSION?"}) {
			t.Errorf("got %v, %q", err, said)
		}
	}
}
