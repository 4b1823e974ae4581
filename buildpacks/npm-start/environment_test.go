package npmstart_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

// What a script finds in its environment must be what npm would give it.
func TestVariablesAreThoseOfNPM(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("there is no npm here to compare with")
	}
	for name, fields := range map[string]string{
		"name and version": `"name":"@my/app","version":"1.2.3"`,
		"neither":          `"private":true`,
		"engines":          `"engines":{"node":">=18","npm":">=9","vscode":"^1.0.0"}`,
		"config":           `"config":{"port":8080,"ratio":0.5,"list":["a",{"b":"c"}],"deep":{"x_y":true,"off":false},"nothing":null,"text":"a b"}`,
		"programs":         `"name":"@my/app","version":"1.0.0","bin":{"a":"./a.js","b":"b.js"}`,
		"one program":      `"name":"@my/app","version":"1.0.0","bin":"a.js"`,
	} {
		t.Run(name, func(t *testing.T) {
			app := t.TempDir()
			const dump = `node -e 'console.log(JSON.stringify(process.env))'`
			script, err := json.Marshal(dump)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":`+string(script)+`},`+fields+`}`)
			want := packageVariables(t, npm, app)
			if len(want) == 0 {
				t.Fatal("npm sets nothing")
			}
			got := launchVariables(t, app)
			for name, value := range want {
				if got[name] != value {
					t.Errorf("%s: got %q, want %q", name, got[name], value)
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s is %q, which npm does not set", name, got[name])
				}
			}
		})
	}
}

func isPackageVariable(name string) bool {
	return strings.HasPrefix(name, "npm_package_") || strings.HasPrefix(name, "npm_lifecycle_") || name == "INIT_CWD"
}

// packageVariables are those that npm sets for the start script of an app.
func packageVariables(t *testing.T, npm, app string) map[string]string {
	t.Helper()
	cmd := exec.Command(npm, "run", "--silent", "start")
	cmd.Dir = app
	for _, pair := range os.Environ() {
		if !isPackageVariable(pair) {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %s", err, stderr.String())
	}
	all, found := map[string]string{}, map[string]string{}
	if err := json.Unmarshal(output, &all); err != nil {
		t.Fatal(err)
	}
	for name, value := range all {
		if isPackageVariable(name) {
			found[name] = value
		}
	}
	return found
}

// launchVariables are those that the buildpack sets.
func launchVariables(t *testing.T, app string) map[string]string {
	t.Helper()
	buildpack := t.TempDir()
	write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
	env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
	result, err := npmstart.Build(getter(env), scribe.NewEmitter(io.Discard))(packit.BuildContext{
		WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(t.TempDir(), "armature_npm-start")},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for name, value := range result.Layers[1].LaunchEnv {
		if name, ok := strings.CutSuffix(name, ".default"); ok && isPackageVariable(name) {
			found[name] = value
		}
	}
	return found
}
