package npmstart_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

const wholeLog = `Start 1
  WARNING: [start-program-unknown] the script start calls gunicorn, which no package of the app brings: it starts only where the run image has that program. To fix it: put the package that has gunicorn under dependencies, or build with a run image that has it.

MORE  Assigning launch processes:
    web (default): LAYERS/supervisor/bin/supervisor -- gunicorn 'a b'
      in APP
      because of package.json: the script start

  Giving the app variables of the build:
    A: override
    PATH: append

  WARNING: [path-not-divided] nothing stands between the app's PATH and what BPE_APPEND_PATH adds to it: set BPE_DELIM_PATH=:

`

const atDebugAgain = `  Reusing cached layer LAYERS/supervisor

  Environment of the launch:
    INIT_CWD.default: "APP"
    PATH.delim: ":"
    PATH.prepend: "APP/node_modules/.bin"
    npm_lifecycle_event.default: "start"
    npm_lifecycle_script.default: "gunicorn 'a b'"
    npm_package_json.default: "APP/package.json"
    A.override: (as BPE_… says)
    PATH.append: (as BPE_… says)

`

// The log is for people: check every line.
func TestTheLogIsWhole(t *testing.T) {
	app, layers, buildpack := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"gunicorn 'a b'"}}`)
	write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "x")
	env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
	for _, tc := range []struct{ level, more string }{{"INFO", ""}, {"DEBUG", atDebugAgain}} {
		var log bytes.Buffer
		result, err := npmstart.Build(environOf(env, "BPE_A=1", "BPE_APPEND_PATH=/x"), scribe.NewEmitter(&log).WithLevel(tc.level))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: layers}, BuildpackInfo: packit.BuildpackInfo{Name: "Start", Version: "1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		restore(t, layers, result.Layers)
		want := strings.Replace(wholeLog, "MORE", tc.more, 1)
		if got := strings.NewReplacer(app, "APP", layers, "LAYERS").Replace(log.String()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
