package modules

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// building is an app with a script build that makes these changes.
func building(t *testing.T, does func(s *scene) error) *scene {
	s := newScene(t)
	s.source["package.json"] = `{"name":"app","version":"1.0.0","scripts":{"build":"x","extra":"y"}}`
	s.run = func(Script) error { return does(s) }
	return s
}

func TestAScriptRunsWithAllModulesAsAFolder(t *testing.T) {
	s := building(t, func(s *scene) error {
		info, err := os.Lstat(filepath.Join(s.app, "node_modules"))
		if err != nil || !info.IsDir() {
			return fmt.Errorf("node_modules is %v, %w", info, err)
		}
		if _, err := os.Stat(filepath.Join(s.app, "node_modules/tool/package.json")); err != nil {
			return err
		}
		return writeFiles(s.app, files{"dist/index.js": "built"})
	})
	for _, install := range []bool{true, false} {
		s.built(forLaunch)
		if install {
			s.called("install build "+host(t).String(), "run build", "install launch "+host(t).String(), "prune")
		} else {
			s.called("run build")
		}
		s.says("Executing build scripts: build (package.json)")
		s.leads("", s.in("launch-modules", "node_modules"))
		s.has(s.app, "dist/index.js", fakeLock, "index.js", "node_modules", "package.json")
		s.has(s.in("build-modules", "node_modules"), "a/package.json", "b/package.json", "tool/package.json")
		if layer := s.layers["build-modules"]; layer.Build || !layer.Cache || len(layer.BuildEnv) > 0 || layer.SBOM != nil {
			t.Errorf("nobody else wants the layer of the build: got %+v", layer)
		}
	}
}

// Files that scripts write into node_modules are part of the app, and their
// caches are for the next build.
func TestWhatScriptsGenerateIsInTheImage(t *testing.T) {
	generated := "1"
	s := building(t, func(s *scene) error {
		if cached, err := os.ReadFile(filepath.Join(s.app, "node_modules/.cache/x")); err == nil {
			s.calls = append(s.calls, "found the cache "+string(cached))
		}
		return writeFiles(s.app, files{
			"node_modules/.client/index.js": generated, "node_modules/a/made.js": "1", "node_modules/tool/made.js": "1",
			"node_modules/.cache/x": "kept", "node_modules/.vite/x": "1", "node_modules/" + fakeNotes: "{}",
		})
	})
	s.built(forLaunch)
	want := []string{".client/index.js", "a/made.js", "a/package.json", "b/package.json"}
	s.has(s.in("launch-modules", "node_modules"), want...)
	s.says("Adding what scripts generated in node_modules/.client: 1 files", "Adding what scripts generated in node_modules/a: 1 files")
	s.has(s.in("build-modules", "node_modules"), ".cache/x", "a/package.json", "b/package.json", "tool/package.json")

	s.built(forLaunch)
	s.called("run build", "found the cache kept")
	generated = "2"
	s.built(forLaunch)
	s.called("run build", "found the cache kept", "install launch "+host(t).String(), "prune")

	s.env = s.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
	s.built(forLaunch)
	s.has(s.in("launch-modules", "node_modules"), append([]string{".cache/x"}, want...)...)
	if left, _ := filepath.Glob(s.in(".generated-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// An install script of the build may generate code with a tool that only the build
// has, where that of the launch leaves a stub.
func TestWhatInstallScriptsGenerateIsInTheImage(t *testing.T) {
	const client = "node_modules/.client/"
	for _, row := range []struct {
		name     string
		atLaunch files
		want     []string
		text     string
	}{
		{"nothing at launch", nil, []string{".client/host.node", ".client/index.js", ".client/schema"}, "real"},
		{"a stub at launch", files{client + "index.js": "stub"}, []string{".client/host.node", ".client/index.js", ".client/schema"}, "real"},
		{"as much at launch", files{client + "index.js": "target's", client + "schema": "", client + "target.node": ""}, []string{".client/index.js", ".client/schema", ".client/target.node"}, "target's"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := building(t, func(*scene) error { return nil })
			s.env = s.env.With("CNB_TARGET_ARCH", other(t).Arch)
			s.installed = func(part Part) error {
				if !part.Dev {
					return writeFiles(s.app, row.atLaunch)
				}
				return writeFiles(s.app, files{client + "index.js": "real", client + "schema": "", client + "host.node": "", "node_modules/.vite/x": ""})
			}
			for range 2 {
				s.built(forLaunch)
			}
			s.called("run build")
			s.source["index.js"] = "2"
			s.env = s.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
			s.built(forLaunch)
			s.has(s.in("launch-modules", "node_modules"), append(row.want, "a/package.json", "b/package.json")...)
			if text, err := os.ReadFile(s.in("launch-modules", client, "index.js")); err != nil || string(text) != row.text {
				t.Errorf("got %q, %v, want %q", text, err, row.text)
			}
		})
	}
}

func TestABuildScriptThatFailsEndsTheBuild(t *testing.T) {
	s := building(t, func(*scene) error { return errors.New("no") })
	if err := s.build(forLaunch); err == nil || err.Error() != "no" {
		t.Errorf("got %v", err)
	}
	s.called("install build "+host(t).String(), "run build")
}

func TestScriptsThatAreNamed(t *testing.T) {
	for _, tc := range []struct {
		value string
		calls []string
		id    string
	}{
		{"extra,build", []string{"run extra", "run build"}, ""},
		{"none", nil, ""},
		{"missing", nil, "build-script-missing"},
		{"a,,b", nil, "setting-invalid"},
	} {
		s := building(t, func(*scene) error { return nil })
		s.env = s.env.With(settings.RunScripts, tc.value)
		err := s.build(forLaunch)
		if tc.id != "" {
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || len(s.calls) > 0 {
				t.Errorf("%s: got %v, %q", tc.value, err, s.calls)
			}
			continue
		}
		want := []string{"install launch " + host(t).String()}
		if tc.calls != nil {
			want = append(append([]string{"install build " + host(t).String()}, tc.calls...), want[0], "prune")
			s.says("Executing build scripts: extra, build (BP_NODE_RUN_SCRIPTS)")
		}
		if err != nil {
			t.Errorf("%s: %v", tc.value, err)
		}
		s.called(want...)
	}
}

// own is an app that vendors its modules.
func own(t *testing.T) *scene {
	s := newScene(t)
	s.kind = Vendored
	delete(s.source, fakeLock)
	s.source["node_modules/a/package.json"] = `{"name":"a","version":"1.0.0","license":"MIT"}`
	s.source["node_modules/tool/package.json"] = `{"name":"tool","version":"3.0.0"}`
	s.installed = func(part Part) error {
		if part.Prune {
			return os.RemoveAll(filepath.Join(s.app, "node_modules/tool"))
		}
		return nil
	}
	return s
}

func TestVendoredModulesServeForBothLayers(t *testing.T) {
	s := own(t)
	s.built(forBothRelink)
	s.called("install build "+host(t).String(), "install launch "+host(t).String(), "prune")
	s.has(s.in("build-modules", "node_modules"), "a/package.json", "tool/package.json")
	s.has(s.in("launch-modules", "node_modules"), "a/package.json")
	if err := nodemodules.Relink(s.app, s.in("launch-modules")); err != nil {
		t.Fatal(err)
	}
	s.leads("", s.in("launch-modules", "node_modules"))

	s.built(forBothRelink)
	s.called()
	s.source["node_modules/a/new.js"] = "1"
	s.built(forBothRelink)
	s.called("install build "+host(t).String(), "install launch "+host(t).String(), "prune")
}

func TestAScriptNeedsTheDevelopmentDependenciesOfVendoredModules(t *testing.T) {
	s := own(t)
	s.source["package.json"] = `{"scripts":{"build":"x"}}`
	s.built(forLaunch)
	s.called("install build "+host(t).String(), "run build", "install launch "+host(t).String(), "prune")

	s.unmet = []string{"missing: tool@3"}
	s.source["node_modules/a/index.js"] = "2"
	s.built(forLaunch)
	s.called("install launch " + host(t).String())
	s.says("WARNING: not running the script build: the vendored node_modules lack dependencies for development:\n", "missing: tool@3")

	s.env = s.env.With(settings.RunScripts, "build")
	s.source["node_modules/a/index.js"] = "3"
	s.built(forLaunch)
	s.called("install build "+host(t).String(), "run build", "install launch "+host(t).String(), "prune")
}

// Scripts of the app and folders outside of it prevent reuse of a layer.
func TestALayerThatAScriptOfTheAppTakesPartInIsMadeAnew(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"scripts":{"install":"make"}}`
	for range 2 {
		s.built(forLaunch)
		s.called("install launch " + host(t).String())
		s.says("Not reusing layers of modules: package.json has the script install, which may write anywhere in the app")
	}
	s = newScene(t)
	s.locked(deps.Package{Path: "node_modules/out", Link: true, To: "../out"})
	s.built(forLaunch)
	s.says("the dependency in ../out is outside of the project")
}

// What prepares the app runs with devDependencies, whatever else needs these, and
// not in the install for the launch, which is reused.
func TestAScriptThatPreparesRunsInAnInstallForTheBuild(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"scripts":{"prepare":"make"}}`
	prepares := func(part Part) error {
		if (part.Preparing != nil) != part.Dev {
			t.Errorf("preparing with devDependencies %v: got %v", part.Dev, part.Preparing != nil)
		}
		return nil
	}
	s.installed = prepares
	s.built(forLaunch)
	s.called("install build "+host(t).String(), "install launch "+host(t).String())
	s.built(forLaunch)
	s.called("install build " + host(t).String())
	s.says("Not reusing layers of modules: package.json has the script prepare, which may write anywhere in the app")

	s.source["package.json"] = `{"scripts":{"prepare":"husky"}}`
	s.built(forLaunch)
	s.called("install launch " + host(t).String())
}

// The cache of a framework is there in the next build, and not in the app.
func TestTheCacheOfAFrameworkIsKept(t *testing.T) {
	s := building(t, nil)
	s.source["package.json"] = `{"scripts":{"build":"next build"},"dependencies":{"next":"16"}}`
	s.run = func(Script) error {
		if text, err := os.ReadFile(filepath.Join(s.app, ".next/cache/x")); err == nil {
			s.calls = append(s.calls, "found the cache "+string(text))
		}
		return writeFiles(s.app, files{".next/cache/x": "kept", ".next/server.js": ""})
	}
	for _, found := range []bool{false, true} {
		s.built(forLaunch)
		if got := slices.Contains(s.calls, "found the cache kept"); got != found {
			t.Errorf("the script found the cache: %v, want %v", got, found)
		}
		s.has(filepath.Join(s.app, ".next"), "server.js")
	}
	s.env = s.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
	s.built(forLaunch)
	s.has(filepath.Join(s.app, ".next"), "cache/x", "server.js")
}

// What a framework installs for its build only is not in the image.
func TestPackagesThatOnlyTheBuildInstalls(t *testing.T) {
	s := building(t, nil)
	s.source["package.json"] = `{"scripts":{"build":"vite build"},"devDependencies":{"@sveltejs/kit":"2","@sveltejs/adapter-auto":"7"}}`
	s.run = func(Script) error {
		return writeFiles(s.app, files{"node_modules/@sveltejs/adapter-node/index.js": "", "node_modules/.client/x.js": "", "node_modules/a/made.js": ""})
	}
	s.built(forLaunch)
	s.has(s.in("launch-modules", "node_modules"), ".client/x.js", "a/made.js", "a/package.json", "b/package.json")
}
