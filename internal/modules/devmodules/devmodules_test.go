package devmodules_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
)

func TestFoldersOfModulesAreJudged(t *testing.T) {
	locked := deps.Graph{File: "package-lock.json"}
	for _, tc := range []struct {
		name  string
		files map[string]string
		lock  deps.Graph
		off   bool
		goes  bool
		stays string
	}{
		{"nobody wants them out", nil, locked, false, false, ""},
		{".gitignore", map[string]string{".gitignore": "node_modules\n"}, locked, false, true, ""},
		{".dockerignore", map[string]string{".dockerignore": "node_modules\n"}, locked, false, true, ""},
		{"no lockfile", map[string]string{".gitignore": "node_modules\n"}, deps.Graph{}, false, false, "no lockfile says what belongs there"},
		{"Yarn's lockfile", map[string]string{".gitignore": "node_modules\n", "yarn.lock": "# yarn lockfile v1\n"}, deps.Graph{}, false, true, ""},
		{"no network", map[string]string{".gitignore": "node_modules\n"}, locked, true, false, "the build has no network"},
		{"project.toml includes them", map[string]string{".gitignore": "node_modules\n", "project.toml": "[build]\ninclude = [\"*\"]\n"}, locked, false, false, "project.toml includes what is there"},
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "node_modules"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range tc.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		ignored, err := dockerignore.Read(dir, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		got := devmodules.App{Dir: dir, Root: dir, Lock: tc.lock, Ignored: ignored, Offline: tc.off}.Folders()
		if len(got) != 1 || got[0].Place != "node_modules" || got[0].Goes() != tc.goes || got[0].Stays != tc.stays {
			t.Errorf("%s: got %+v", tc.name, got)
		}
	}
}

func TestABuildpackSaysByWhichRulesItRemovesThem(t *testing.T) {
	var said struct {
		Metadata struct {
			Rules int `toml:"removes-own-modules"`
		}
	}
	if _, err := toml.DecodeFile("../../../buildpacks/nodejs/buildpack.toml", &said); err != nil || said.Metadata.Rules != devmodules.Rules {
		t.Errorf("got %d, %v, want %d", said.Metadata.Rules, err, devmodules.Rules)
	}
}
