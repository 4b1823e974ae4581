package nodeengine_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/failure"
)

// npm is in the app image for every way to request it, and later buildpacks
// know.
func TestNPMIsInTheAppImage(t *testing.T) {
	const procfile = "[[group]]\nid = \"paketo-buildpacks/procfile\"\n"
	for _, row := range []struct {
		name            string
		setting         string
		procfile, group string
		want            string // why; empty where it is not there
	}{
		{"not by itself", "", "", "", ""},
		{"because of the setting", "true", "", "", "because of BP_NODE_INCLUDE_NPM"},
		{"not where the setting is off", "false", "web: node a.js\n", "", ""},
		{"because of a process", "", "web: node a.js\nrelease: npm run migrate\n", "", "because of Procfile: the process release calls npm"},
		{"not for what npm-start does without it", "", "web: npm start\n", "", ""},
		{"for that, too, if a buildpack makes processes of the file", "", "web: npm start\n", procfile, "because of Procfile: the process web calls npm"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			f.layers = filepath.Join(f.layers, "armature_node-engine")
			if err := os.Mkdir(f.layers, 0o755); err != nil {
				t.Fatal(err)
			}
			f.set("BP_NODE_INCLUDE_NPM=" + row.setting)
			if row.procfile != "" {
				f.write(t, f.app, "Procfile", row.procfile)
			}
			if row.group != "" {
				f.write(t, filepath.Dir(f.layers), "group.toml", row.group)
			}
			result, err := f.build(both())
			if err != nil {
				t.Fatal(err)
			}
			launch, build := layer(t, result, "node"), layer(t, result, "node-build")
			has := slices.Contains(tree(t, launch.Path), "bin/npm -> ../lib/node_modules/npm/bin/npm-cli.js")
			if has != (row.want != "") || !strings.Contains(f.log.String(), row.want) {
				t.Errorf("npm is there: %v; the log says:\n%s", has, f.log.String())
			}
			if told := build.BuildEnv[buildplan.NPMAtLaunchVariable+".override"] == "true"; told != has {
				t.Errorf("later buildpacks are told: %v", told)
			}
		})
	}
}

func TestNPMOfThePlanIsExportedToLaterBuildpacks(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both(), entry("npm", "launch"))
	if err != nil {
		t.Fatal(err)
	}
	const file = buildplan.NPMAtLaunchVariable + ".override"
	made := layer(t, result, "node-build")
	if got := made.BuildEnv[file]; got != "true" {
		t.Errorf("got %q", got)
	}

	// A reused layer has the answer of the previous build.
	f.write(t, made.Path, "env.build/"+file, "true")
	f.restore(t, result)
	result, err = f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(f.log.String(), "Reusing layer node-build") {
		t.Errorf("the layer is not reused:\n%s", f.log.String())
	}
	if _, err := os.Stat(filepath.Join(made.Path, "env.build", file)); !errors.Is(err, os.ErrNotExist) || layer(t, result, "node-build").BuildEnv[file] != "" {
		t.Errorf("later buildpacks are still told: %v", err)
	}
}

func TestNPMIsNotInAnImageWithoutNode(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_INCLUDE_NPM=true")
	result, err := f.build(entry("node", "build"))
	if err != nil {
		t.Fatal(err)
	}
	if got := layerNames(result); !slices.Equal(got, []string{"node-build"}) {
		t.Errorf("got %q", got)
	}
	f.set("BP_NODE_INCLUDE_NPM=please")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("got %v", err)
	}
}
