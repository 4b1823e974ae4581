package modules

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// foreign begins a program for Windows, which no target can load.
var foreign = "MZ" + strings.Repeat("\x00", 30)

func TestNativeFilesForOtherPlatformsEndTheBuild(t *testing.T) {
	for _, tc := range []struct {
		check string
		fails bool
		says  string
	}{
		{"", true, ""},
		{"warn", false, "WARNING: [native-module-wrong-architecture]"},
		{"off", false, ""},
	} {
		s := newScene(t)
		s.env = s.env.With("BP_NODE_MODULES_CHECK", tc.check)
		s.packages = map[string]files{"a": {"build/x.node": foreign}}
		err := s.build(forLaunch)
		if errors.Is(err, &failure.Failure{ID: "native-module-wrong-architecture"}) != tc.fails || !tc.fails && err != nil {
			t.Errorf("%q: got %v", tc.check, err)
		}
		s.says(tc.says)
		if tc.check == "off" {
			s.silent("WARNING", "native")
		}
	}
	s := newScene(t)
	s.packages = map[string]files{"tool": {"x.node": foreign}} // for development only
	s.built(forBothRelink)
}

func TestNativeFilesForTheTargetAreCounted(t *testing.T) {
	s := newScene(t)
	library := []byte("\x7fELF\x02\x01\x01" + string(make([]byte, 9)) + "\x03\x00\x00\x00")
	library[18] = byte(host(t).ELF())
	s.packages = map[string]files{"a": {"x.node": string(library) + string(make([]byte, 20))}}
	s.built(forLaunch)
	s.says("Checked 1 native files: each package has those for " + host(t).String())
}

func TestProgramsThatComeWithAPackageAreAWarning(t *testing.T) {
	s := newScene(t)
	program := []byte("\x7fELF\x02\x01\x01" + string(make([]byte, 9)) + "\x02\x00\x00\x00\x01" + string(make([]byte, 43)))
	program[18] = byte(other(t).ELF())
	s.packages = map[string]files{"a": {"fallbacks/p": string(program)}}
	s.built(forLaunch)
	s.says("WARNING: programs that packages bring along are not for "+host(t).String(), "a: fallbacks/p is for "+other(t).String())
}

// A lockfile may lack a package for the target, which an install silently skips.
func TestALockfileThatLacksTheTargetsPackages(t *testing.T) {
	lacking := func(t *testing.T) *scene {
		s := newScene(t)
		needs := "p-linux-" + other(t).Node()
		s.locked(
			deps.Package{Path: "node_modules/p", Name: "p", Version: "1.0.0", OptionalDeps: map[string]string{needs: "1.0.0", "p-darwin-arm64": "1.0.0"}},
			deps.Package{Path: "node_modules/p-darwin-arm64", Name: "p-darwin-arm64", Version: "1.0.0", OS: []string{"darwin"}, CPU: []string{"arm64"}, Optional: true},
		)
		s.env = s.env.With("CNB_TARGET_ARCH", other(t).Arch)
		return s
	}
	s := lacking(t)
	err := s.build(forLaunch)
	if !errors.Is(err, &failure.Failure{ID: "lockfile-lacks-target-package"}) || !strings.Contains(err.Error(), "@1.0.0, which p@1.0.0 needs\nTo fix it: lock p-linux-") {
		t.Errorf("got %v", err)
	}
	s.called()

	s.built(forBuild) // for the host; the package has none
	for _, change := range []func(s *scene){
		func(s *scene) { s.omits = true },
		func(s *scene) { s.env = s.env.With("BP_NODE_MODULES_CHECK", "off") },
		func(s *scene) { s.kind = Resolved },
	} {
		s := lacking(t)
		change(s)
		s.built(forLaunch)
		s.silent("WARNING")
	}
	s = lacking(t)
	s.env = s.env.With("BP_NODE_MODULES_CHECK", "warn")
	s.built(forLaunch)
	s.says("WARNING: [lockfile-lacks-target-package]")
}
