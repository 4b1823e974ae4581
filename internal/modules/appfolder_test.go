package modules

import (
	"errors"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
	"github.com/armature-cnb/armature/internal/node/project"
)

func TestADevelopersOwnModulesAreNoPartOfTheApp(t *testing.T) {
	for _, tc := range []struct {
		name, file, text string
		goes             bool
	}{
		{".gitignore leaves them out", ".gitignore", "node_modules\n", true},
		{".dockerignore leaves them out", ".dockerignore", "node_modules\n", true},
		{"nobody does", ".gitignore", "dist\n", false},
	} {
		s := newScene(t)
		s.source[tc.file] = tc.text
		s.source["node_modules/mine/package.json"] = `{"name":"mine","version":"1.0.0"}`
		found := false
		s.installed = func(Part) error {
			found = tree.Exists(s.app + "/node_modules/mine")
			return nil
		}
		s.built(forLaunch)
		goes := tc.goes && !devmodules.Offline(s.env) // without a network nobody could make others
		if found == goes {
			t.Errorf("%s: the modules are there: %v", tc.name, found)
		}
	}
}

// What .dockerignore names is not there when scripts run, but for the manager's
// configuration, which goes at the end.
func TestTheManagersConfigurationStaysUntilTheEnd(t *testing.T) {
	s := newScene(t)
	s.source[".dockerignore"] = fakeConfig + "\n*.md\n"
	s.source[fakeConfig], s.source["README.md"] = "token=x", "x"
	s.installed = func(Part) error {
		if !tree.Exists(s.app+"/"+fakeConfig) || tree.Exists(s.app+"/README.md") {
			t.Errorf("while it installs: the configuration is there: %v, the other file: %v", tree.Exists(s.app+"/"+fakeConfig), tree.Exists(s.app+"/README.md"))
		}
		return nil
	}
	s.built(forLaunch)
	s.says("Leaving out of the app what .dockerignore names: README.md, " + fakeConfig)
	s.has(s.app, ".dockerignore", fakeLock, "index.js", "node_modules", "package.json")
}

func TestDockerignoreMayNotLeaveOutTheLockfile(t *testing.T) {
	s := newScene(t)
	s.source[".dockerignore"] = fakeLock
	s.upload()
	err := CheckIgnored(s.app, s.env.Get, project.Project{Dir: s.app, Root: s.app}, []string{fakeLock})
	var f *failure.Failure
	if !errors.As(err, &f) {
		t.Errorf("got %v", err)
	}
	if err := CheckIgnored(s.app, s.env.Get, project.Project{Dir: s.app, Root: s.app}, []string{"another.lock"}); err != nil {
		t.Errorf("got %v", err)
	}
}
