package modules

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
)

func TestLayersAreReusedWhileNothingChanges(t *testing.T) {
	s := newScene(t)
	s.built(forBothRelink)
	s.built(forBothRelink)
	s.called()
	s.says("Reusing cached layer "+s.in("build-modules"), "Reusing cached layer "+s.in("launch-modules"))
	s.has(s.in("build-modules", "node_modules"), "a/package.json", "b/package.json", "tool/package.json")
	s.leads("", s.in("build-modules", "node_modules"))
	if _, err := os.Stat(s.in("launch-modules")); err == nil {
		t.Error("the layer for the launch, whose content the previous image has, is there")
	}
	if len(s.layers["build-modules"].BuildEnv) == 0 {
		t.Error("a layer of the build that is reused has no environment")
	}
}

func TestLayersAreMadeAnewWhenSomethingChanges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(s *scene)
		want   []string // what is installed
	}{
		{"package.json", func(s *scene) { s.source["package.json"] += "\n" }, []string{"build", "launch"}},
		{"the lockfile", func(s *scene) { s.source[fakeLock] += "\n" }, []string{"build", "launch"}},
		{"the manager", func(s *scene) { s.key.Versions = []string{"2"} }, []string{"build", "launch"}},
		{"the buildpack", func(s *scene) { s.version = "1.0.1" }, []string{"build", "launch"}},
		{"what is checked", func(s *scene) { s.env = s.env.With("BP_NODE_MODULES_CHECK", "warn") }, []string{"launch"}},
		{"the layer of the build is gone", func(s *scene) { s.remove("build-modules") }, []string{"build"}},
		{"a file of the app", func(s *scene) { s.source["index.js"] = "2" }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t)
			s.built(forBothRelink)
			tc.change(s)
			s.built(forBothRelink)
			var want []string
			for _, one := range tc.want {
				want = append(want, "install "+one+" "+host(t).String())
				if one == "launch" {
					want = append(want, "prune")
				}
			}
			s.called(want...)
		})
	}
}

func (s *scene) remove(layer string) {
	if err := os.RemoveAll(s.in(layer)); err != nil {
		s.t.Fatal(err)
	}
}

func TestVersionsThatAreChosenAnewAreInstalledAnew(t *testing.T) {
	s := newScene(t)
	s.kind = Resolved
	for range 2 {
		s.built(forLaunch)
		s.called("install launch " + host(t).String())
	}
	s.silent("Reusing", "Not reusing")
}

// A layer that does not depend on the target serves for the other one.
func TestALayerMayBeForAnyTarget(t *testing.T) {
	library := "\x7fELF\x02\x01\x01" + string(make([]byte, 9)) + "\x03\x00" + "\xb7\x00"
	if host(t) == targets.LinuxAMD64 {
		library = library[:18] + "\x3e\x00"
	}
	for _, tc := range []struct {
		name   string
		change func(s *scene)
		reused bool
	}{
		{"scripts in JavaScript alone", func(*scene) {}, true},
		{"a package for one platform", func(s *scene) {
			s.locked(deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", OS: []string{"linux"}})
		}, false},
		{"an install script", func(s *scene) {
			s.locked(deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", HasInstallScript: true})
		}, false},
		{"a native file", func(s *scene) { s.packages = map[string]files{"a": {"x.node": library + string(make([]byte, 20))}} }, false},
		{"nobody looked for native files", func(s *scene) { s.env = s.env.With("BP_NODE_MODULES_CHECK", "off") }, false},
		{"what a script generated", func(s *scene) {
			s.source["package.json"] = `{"scripts":{"build":"x"}}`
			s.run = func(Script) error { return writeFiles(s.app, files{"node_modules/.made/x.js": "1"}) }
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t)
			tc.change(s)
			s.built(forLaunch)
			if got := s.layers["launch-modules"].Metadata["any-target"] == true; got != tc.reused {
				t.Errorf("any-target is %v", got)
			}
			s.packages = nil
			s.env = s.env.With("CNB_TARGET_ARCH", other(t).Arch)
			s.built(forLaunch)
			if _, err := os.Stat(s.in("launch-modules")); (err != nil) != tc.reused {
				t.Errorf("reused for the other target: %v, want %v", err != nil, tc.reused)
			}
		})
	}
}

// If an install script runs, which may read the app's files, the key includes
// them.
func TestInstallScriptsThatReadTheAppCount(t *testing.T) {
	newScene := func(t *testing.T, script string) *scene {
		s := newScene(t)
		s.locked(deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", HasInstallScript: true})
		s.packages = map[string]files{"a": {"package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"` + script + `"}}`}}
		return s
	}
	install := "install launch " + host(t).String()
	t.Run("while the app is the same", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.built(forLaunch)
		s.built(forLaunch)
		s.called()
	})
	t.Run("a file of the app", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.built(forLaunch)
		s.source["index.js"] = "2"
		s.built(forLaunch)
		s.called(install)
		s.says("Not reusing the layer launch-modules: install scripts of packages may read the app's files, and these have changed")
	})
	t.Run("the manager's configuration, which the key has", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.built(forLaunch)
		s.source[fakeConfig] = "token=x"
		s.built(forLaunch)
		s.called()
	})
	t.Run("of one that only compiles they do not", func(t *testing.T) {
		s := newScene(t, "node-gyp rebuild")
		s.built(forLaunch)
		s.source["index.js"] = "2"
		s.built(forLaunch)
		s.called()
	})
	t.Run("where no lockfile tells who has one", func(t *testing.T) {
		s := own(t)
		s.built(forLaunch)
		s.built(forLaunch)
		s.called()
		s.source["index.js"] = "2"
		s.built(forLaunch)
		s.called(install)
	})
	t.Run("several are named in order", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.locked(deps.Package{Path: "node_modules/x", Name: "a", Version: "1.0.0", HasInstallScript: true}, deps.Package{Path: "node_modules/b", Name: "b", Version: "1.0.0", HasInstallScript: true},
			deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", HasInstallScript: true})
		s.packages["b"] = s.packages["a"]
		s.installed = func(Part) error { return os.WriteFile(filepath.Join(s.app, "made"), nil, 0o644) }
		s.built(forLaunch)
		s.says("install scripts have changed the app (a, b)")
	})
	t.Run("of one that has its binaries they do not", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.packages["a"]["prebuilds/linux-"+host(t).Node()+"/x.node"] = ""
		s.built(forLaunch)
		s.source["index.js"] = "2"
		s.built(forLaunch)
		s.called()
	})
	t.Run("one that writes into the app runs each time", func(t *testing.T) {
		s := newScene(t, "node gen.js")
		s.installed = func(Part) error { return os.WriteFile(filepath.Join(s.app, "made"), nil, 0o644) }
		s.built(forLaunch)
		s.says("The layer will not be reused: install scripts have changed the app (a)")
		s.built(forLaunch)
		s.called(install)
	})
}

// After an error nothing is reused.
func TestAnInstallThatFailsIsTriedAgain(t *testing.T) {
	s := newScene(t)
	s.installed = func(Part) error { return errors.New("no network") }
	if err := s.build(forLaunch); err == nil || err.Error() != "no network" {
		t.Errorf("got %v", err)
	}
	s.installed = nil
	s.built(forLaunch)
	s.called("install launch " + host(t).String())
}

// The image's native files are for the target.
func TestForeignModulesAndWhatCompilingLeftAreNotInTheImage(t *testing.T) {
	s := newScene(t)
	ours, theirs := "prebuilds/linux-"+host(t).Node()+"/x.node", "prebuilds/linux-"+other(t).Node()+"/x.node"
	s.packages = map[string]files{
		"a": {ours: "", theirs: "", "build/Release/x.node": "", "build/Release/obj.target/x.o": "", "build/Makefile": ""},
	}
	s.installed = func(Part) error { return writeFiles(s.app, files{"node_modules/.cache/tool/x": "1"}) }
	s.env = s.env.With("BP_NODE_MODULES_CHECK", "off")
	s.built(forLaunch)
	s.has(s.in("launch-modules", "node_modules"), "a/build/Release/x.node", "a/package.json", "a/"+ours, "b/package.json")
	s.env = s.env.With("BP_KEEP_NODE_BUILD_CACHE", "true")
	s.built(forLaunch)
	s.has(s.in("launch-modules", "node_modules"), ".cache/tool/x", "a/build/Release/x.node", "a/package.json", "a/"+ours, "b/package.json")
}

// A file: dependency's program is a file of the app. What makes it executable is the
// install, which a reused layer does without.
func TestProgramsOfTheAppsFoldersStayExecutable(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"name":"app","version":"1.0.0","dependencies":{"local":"file:local"},"scripts":{"build":"x"}}`
	s.source["local/package.json"] = `{"name":"local","version":"1.0.0","bin":{"local":"cli.js","later":"dist/later.js","out":"../index.js"}}`
	s.source["local/cli.js"] = "#!/usr/bin/env node\r\n1"
	s.locked(
		deps.Package{Path: "local", Name: "local", Version: "1.0.0"},
		deps.Package{Path: "node_modules/local", Link: true, To: "local"},
	)
	isOpen := func() bool {
		info, err := os.Stat(filepath.Join(s.app, "local/cli.js"))
		return err == nil && info.Mode().Perm() == 0o755
	}
	s.installed = func(Part) error { return os.Chmod(filepath.Join(s.app, "local/cli.js"), 0o755) }
	s.run = func(Script) error {
		if !isOpen() {
			return errors.New("not permitted")
		}
		return nil
	}
	s.built(forLaunch)
	s.built(forLaunch)
	s.called("run build")
	if text, err := os.ReadFile(filepath.Join(s.app, "local/cli.js")); err != nil || string(text) != "#!/usr/bin/env node\n1" || !isOpen() {
		t.Errorf("got %q, %v, executable: %v", text, err, isOpen())
	}
	if info, err := os.Stat(filepath.Join(s.app, "index.js")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("a file outside of the folder: got %v, %v", info, err)
	}
}
