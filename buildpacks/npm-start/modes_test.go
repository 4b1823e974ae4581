package npmstart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

func TestModesThatCannotBeReadAreErrors(t *testing.T) {
	for _, name := range []string{"BP_LAUNCH_WITH_TINI", "BP_LIVE_RELOAD_ENABLED"} {
		f := newFixture(t)
		f.env[name] = "maybe"
		f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
		if _, err := f.build(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Only the default process ends the build.
func TestAnotherProcessThatCannotRunIsWarnedOf(t *testing.T) {
	f := newFixture(t)
	f.install(".bin/express")
	write(t, filepath.Join(f.app, "a.js"), "")
	write(t, filepath.Join(f.app, "Procfile"), "web: node a.js\nworker: semver 1\nclock: node none.js\n")
	if err := f.check(dev(`"start":"node a.js"`, "semver")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"WARNING: [start-script-cannot-run] the process worker: the process worker calls semver, which the app image does not have: semver is under devDependencies. To fix it: put semver under dependencies\n",
		"WARNING: [start-file-missing] the process clock starts none.js",
	} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got\n%s\nwant %q in it", &f.log, want)
		}
	}
}

func TestALaunchTOMLThatIsNoneIsAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "launch.toml"), "[")
	if err := npmstart.CorrectLaunch(dir); err == nil || !strings.Contains(err.Error(), "reading launch.toml again") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "launch.toml")); err != nil || string(text) != "[" {
		t.Errorf("it is now %q, %v", text, err)
	}
}
