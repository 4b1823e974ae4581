package npmstart_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

// The last buildpack leaves a folder that does not depend on the umask and has no
// git files, and names files that look like secrets.
func TestBuildFinishesTheAppsFolder(t *testing.T) {
	app, buildpack := t.TempDir(), t.TempDir()
	write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "x")
	write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node server.js"}}`)
	write(t, filepath.Join(app, ".git", "HEAD"), "x")
	write(t, filepath.Join(app, ".env"), "KEY=1")
	write(t, filepath.Join(app, "web", "made.js"), "")
	for path, mode := range map[string]fs.FileMode{"web/made.js": 0o664, "web": 0o770} {
		if err := os.Chmod(filepath.Join(app, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64", "BP_NODE_PROJECT_PATH": ""}
	var log bytes.Buffer
	build := func() error {
		_, err := npmstart.Build(environOf(env), scribe.NewEmitter(&log))(packit.BuildContext{WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: t.TempDir()}})
		return err
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"web/made.js": 0o644, "web": fs.ModeDir | 0o755} {
		if info, err := os.Stat(filepath.Join(app, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(app, ".git")); err == nil {
		t.Error("there is a .git")
	}
	if said := log.String(); !strings.Contains(said, "[secret-in-image]") || !strings.Contains(said, ".env: variables of an environment") {
		t.Errorf("got %q", said)
	}
	env["BP_KEEP_GIT"] = "perhaps"
	if err := build(); err == nil || !strings.Contains(err.Error(), "setting-invalid") {
		t.Errorf("got %v", err)
	}
}
