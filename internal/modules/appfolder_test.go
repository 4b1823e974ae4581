package modules

import (
	"errors"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/devmodules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
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
		goes := tc.goes && !devmodules.Offline(s.env) // without a network they could not be replaced
		if found == goes {
			t.Errorf("%s: the modules are there: %v", tc.name, found)
		}
	}
}

// Scripts do not see files in .dockerignore, except the manager's configuration,
// which is removed at the end.
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

// Scripts ask git for the commit.
func TestTheRepositoryIsThereWhileScriptsRun(t *testing.T) {
	for _, tc := range []struct {
		plan packit.BuildpackPlan
		left bool // for a later buildpack, which removes it
	}{{forLaunch, false}, {wants("launch", nodemodules.RelinksKey), true}} {
		s := newScene(t)
		s.source[".dockerignore"] = ".git\npackages/x/.git\n"
		s.source[".git/HEAD"], s.source["packages/x/.git/HEAD"], s.source["packages/x/y"] = "ref", "ref", ""
		s.installed = func(Part) error {
			if !tree.Exists(s.app+"/.git/HEAD") || tree.Exists(s.app+"/packages/x/.git") {
				t.Error("the app's repository is not there, or another one is")
			}
			return nil
		}
		s.built(tc.plan)
		if left := tree.Exists(s.app + "/.git"); left != tc.left {
			t.Errorf("at the end the repository is there: %v, want %v", left, tc.left)
		}
	}
}

func TestALongListIsShort(t *testing.T) {
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{[]string{"a", "b\n"}, `a, b\n`},
		{strings.Split("abcdef", ""), "a, b, c, d, e, f"},
		{strings.Split("abcdefgh", ""), "a, b, c, d, e, f, and 2 more"},
	} {
		if got := few(tc.names); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestModulesOfADeveloperMayHaveToStay(t *testing.T) {
	s := newScene(t)
	s.source[".gitignore"], s.source["project.toml"] = "node_modules\n", "[build]\ninclude = [\"*\"]\n"
	s.source["node_modules/mine/package.json"] = `{"name":"mine"}`
	s.built(forLaunch)
	s.says("Taking node_modules as it is, although .gitignore leaves it out: project.toml includes what is there")
}
