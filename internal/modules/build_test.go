package modules

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func TestALayerForTheLaunchHasProductionDependencies(t *testing.T) {
	s := newScene(t)
	s.built(forLaunch)
	s.called("install launch " + host(t).String())
	s.has(s.in("launch-modules"), "node_modules/a/package.json", "node_modules/b/package.json")
	s.leads("", s.in("launch-modules", "node_modules"))
	layer := s.layers["launch-modules"]
	if !layer.Launch || layer.Build || layer.Cache || len(s.layers) != 1 {
		t.Errorf("got %+v", s.layers)
	}
	want := packit.Environment{"FAKE.default": "launch", "NODE_PROJECT_PATH.default": s.app, "PATH.append": s.in("launch-modules", "node_modules/.bin"), "PATH.delim": ":"}
	if !reflect.DeepEqual(layer.LaunchEnv, want) || len(layer.BuildEnv) > 0 || len(layer.ExecD) > 0 {
		t.Errorf("got the environment %v, %v, %v, want %v", layer.LaunchEnv, layer.BuildEnv, layer.ExecD, want)
	}
	s.says("Fake Install 1.0.0\n", "Executing launch build environment install process")
}

func TestALayerForTheBuildHasAllDependenciesForTheHost(t *testing.T) {
	s := newScene(t)
	s.env = s.env.With("CNB_TARGET_ARCH", other(t).Arch)
	s.built(forBoth)
	s.called("install build "+host(t).String(), "install launch "+other(t).String(), "prune")
	s.has(s.in("build-modules", "node_modules"), "a/package.json", "b/package.json", "tool/package.json")
	s.has(s.in("launch-modules", "node_modules"), "a/package.json", "b/package.json")
	s.leads("", s.in("build-modules", "node_modules"))
	layer := s.layers["build-modules"]
	if layer.Launch || !layer.Build || !layer.Cache {
		t.Errorf("got %+v", layer)
	}
	want := packit.Environment{"FAKE.default": "build", "PATH.append": s.in("build-modules", "node_modules/.bin"), "PATH.delim": ":",
		nodemodules.LaunchLayerVariable + ".override": s.in("launch-modules")}
	if !reflect.DeepEqual(layer.BuildEnv, want) {
		t.Errorf("got the environment %v, want %v", layer.BuildEnv, want)
	}
}

// The links must be repointed from build-modules to launch-modules.
func TestTheLinksAreLedToTheLaunch(t *testing.T) {
	s := newScene(t)
	s.built(forBoth)
	helper := []string{filepath.Join("/cnb", "bin", host(t).Dashed(), "relink")}
	if got := s.layers["launch-modules"].ExecD; !reflect.DeepEqual(got, helper) {
		t.Errorf("nobody does: got %q, want %q", got, helper)
	}
	s.says("no later buildpack says that it will change that")
	links, err := nodemodules.ReadLinks(s.in("launch-modules"))
	if want := (nodemodules.Links{Root: s.app, Launch: []string{"node_modules"}}); err != nil || !reflect.DeepEqual(links, want) {
		t.Errorf("got %+v, %v, want %+v", links, err, want)
	}

	s = newScene(t)
	s.built(forBothRelink)
	if got := s.layers["launch-modules"].ExecD; len(got) > 0 {
		t.Errorf("the last buildpack does: got %q", got)
	}
	s.silent("WARNING")
	if err := nodemodules.Relink(s.app, s.in("launch-modules")); err != nil {
		t.Fatal(err)
	}
	s.leads("", s.in("launch-modules", "node_modules"))
}

func TestNoModulesAreMadeThatNobodyWants(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"scripts":{"build":"x"}}`
	s.built(packit.BuildpackPlan{})
	s.called()
	if len(s.layers) > 0 {
		t.Errorf("got %+v", s.layers)
	}
	s.has(s.app, fakeLock, "index.js", "package.json")

	plan := forBuild
	plan.Entries = append([]packit.BuildpackPlanEntry{{Name: "node", Metadata: map[string]any{"launch": true}}}, plan.Entries...)
	s.built(plan)
	s.called("install build "+host(t).String(), "run build")
	if _, made := s.layers["launch-modules"]; made {
		t.Error("got a layer for the launch")
	}
}

func TestAProjectWithoutDependenciesHasAnEmptyFolder(t *testing.T) {
	s := newScene(t)
	s.locked()
	s.built(forLaunch)
	s.leads("", s.in("launch-modules", "node_modules"))
	if info, err := os.Stat(s.in("launch-modules", "node_modules")); err != nil || !info.IsDir() {
		t.Errorf("got %v", err)
	}
}

func TestTheManagerIsToldThatItIsCalledAtLaunch(t *testing.T) {
	for _, plan := range []packit.BuildpackPlan{forLaunch, wants("launch", "fake")} {
		s := newScene(t)
		s.built(plan)
		want := "prepare at launch false"
		if plan.Entries[0].Metadata["fake"] == true {
			want = "prepare at launch true"
		}
		if s.calls[0] != want || s.calls[len(s.calls)-1] != "bound" {
			t.Errorf("got %q, want %q first and bound at the end", s.calls, want)
		}
	}
}

func TestModulesMayStayOutOfTheImage(t *testing.T) {
	s := newScene(t)
	s.env = s.env.With("BP_NODE_KEEP_MODULES", "false")
	s.built(forLaunch)
	s.called()
	s.has(s.app, fakeLock, "index.js", "package.json")
	s.says("Leaving node_modules out of the app image")

	s.built(forBothRelink)
	s.called("install build " + host(t).String())
	s.leads("", s.in("build-modules", "node_modules"))
	if err := nodemodules.Relink(s.app, s.in("launch-modules")); err != nil {
		t.Fatal(err)
	}
	s.has(s.app, fakeLock, "index.js", "package.json")
}

func TestNodeEnvDoesNotDecideWhatTheImageHas(t *testing.T) {
	s := newScene(t)
	s.env = s.env.With("NODE_ENV", "development")
	s.built(forLaunch)
	s.says("WARNING: NODE_ENV=development keeps no devDependencies in the app image", "FAKE_INCLUDE=dev for the build keeps them.")
	s.keepsDev = true
	s.built(forLaunch)
	s.silent("WARNING")
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for _, name := range []string{"BP_NODE_MODULES_CHECK", "BP_KEEP_NODE_BUILD_CACHE", "BP_NODE_KEEP_WORKSPACES", "BP_NODE_KEEP_MODULES", "BP_DISABLE_SBOM"} {
		s := newScene(t)
		s.env = s.env.With(name, "perhaps")
		if err := s.build(forLaunch); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestADebugLogHasTheEnvironment(t *testing.T) {
	s := newScene(t)
	s.env = s.env.With("BP_LOG_LEVEL", "DEBUG")
	for range 2 {
		s.built(forBoth)
		s.says("Configuring build environment", "Configuring launch environment", `NODE_PROJECT_PATH -> "`+s.app+`"`, "Generating SBOM for "+s.in("launch-modules"), "Formats: application/vnd.cyclonedx+json")
	}
}
