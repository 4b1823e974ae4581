package npmstart_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// A script's environment must equal npm's.
func TestVariablesAreThoseOfNPM(t *testing.T) {
	npm := tier.Program(t, "npm")
	rows := []struct{ name, fields string }{
		{"name and version", `"name":"@my/app","version":"1.2.3"`},
		{"neither", `"private":true`},
		{"a name that is a number", `"name":5,"version":null,"bin":"a.js"`},
		{"engines", `"engines":{"node":">=18","npm":">=9","vscode":"^1.0.0","home-assistant":"1"}`},
		{"config", `"config":{"port":8080,"ratio":0.5,"list":["a",{"b":"c"}],"deep":{"x_y":true,"off":false},"nothing":null,"text":"a b"}`},
		{"numbers", `"config":{"a":1.0,"b":1e3,"c":1e21,"d":1e-7,"e":-0,"f":0.000001,"g":123456789012345678901,"h":1e400,"i":-1e400,"j":-1.5e-9,"k":1.7976931348623157e308}`},
		{"config that is a text", `"config":"a"`},
		{"config that is a list", `"config":[1,[2,3]]`},
		{"config that is empty", `"config":{"a":{},"b":[],"c":""}`},
		{"config that is null", `"config":null`},
		{"odd names", `"config":{"cz-customizable":{"config":"x"},"a:b":"1","a b":"2","ä":"3","":"4","tab\there":"5","line\nbreak":"6","1":"7","$(x)":"8","it's \"so\"":"9"}`},
		{"one name twice, through a folder first", `"config":{"a":{"b":1},"a_b":2}`},
		{"one name twice, through a folder last", `"config":{"a_b":2,"a":{"b":1}}`},
		{"one name twice, through numbers", `"config":{"b":{"c":1},"b_c":2,"1":{"0":"x"},"1_0":"y","10":{"1":1},"2":0,"1_1":{"1":2}}`},
		{"one key twice", `"config":{"a":{"b":1},"a_b":2,"a":{"b":3}}`},
		{"programs", `"name":"@my/app","version":"1.0.0","bin":{"a":"./a.js","b":"b.js"}`},
		{"one program", `"name":"@my/app","version":"1.0.0","bin":"a.js"`},
		{"one program of a package whose name has a hyphen", `"name":"my-app","version":"1.0.0","bin":"./cli.js"`},
		{"one program without a name", `"bin":"a.js"`},
		{"a list of programs", `"name":"x","bin":["./bin/a-b.js","c.js","bin/c.js"]`},
		{"programs with folders", `"name":"x","bin":{"x/a-b":"../../a.js","a-b":"c.js","d/":"e/","/":"f","g":"/","h\\i":"j\\k","l:m":"n:o","..":"p","q":5,"@r/s":"t"}`},
		{"programs that are none", `"name":"x","bin":{"a":1}`},
		{"a folder of programs", `"name":"x","directories":{"bin":"./tools"}`},
		{"a folder of programs beside programs", `"name":"x","bin":{"a-b":"a.js"},"directories":{"bin":"tools"}`},
		{"a folder of programs that is not there", `"name":"x","directories":{"bin":"none"}`},
	}
	var apps []string
	for _, row := range rows {
		app := t.TempDir()
		write(t, filepath.Join(app, "tools", "one-tool"), "#!/usr/bin/env node\n")
		write(t, filepath.Join(app, "tools", "deeper", "two"), "")
		write(t, filepath.Join(app, "tools", ".hidden", "three"), "")
		write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node a.js"},`+row.fields+`}`)
		apps = append(apps, app)
	}
	fields := fieldVariables(t, npm, apps)
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) { sameVariables(t, launchVariables(t, apps[i]), fields[i], isFieldVariable) })
	}
	last := len(apps) - 2
	t.Run("all that npm run sets", func(t *testing.T) {
		sameVariables(t, launchVariables(t, apps[last]), packageVariables(t, npm, apps[last]), isPackageVariable)
	})
}

// sameVariables compares the buildpack's variables with npm's, as far as they are
// selected.
func sameVariables(t *testing.T, got, want map[string]string, looksAt func(name string) bool) {
	t.Helper()
	for name, value := range want {
		if set, ok := got[name]; !ok || set != value {
			t.Errorf("%s: got %q, %v, want %q", name, set, ok, value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok && looksAt(name) {
			t.Errorf("%s is %q, which npm does not set", name, value)
		}
	}
}

// isFieldVariable is true for variables from the fields of package.json.
func isFieldVariable(name string) bool {
	return strings.HasPrefix(name, "npm_package_") && name != "npm_package_json"
}

// fieldVariables returns npm's variables for the fields of each package.json,
// computed with the two modules of npm that `npm run` uses: npm itself takes a
// second for each.
func fieldVariables(t *testing.T, npm string, apps []string) []map[string]string {
	t.Helper()
	program, err := filepath.EvalSymlinks(npm)
	if err != nil {
		t.Fatal(err)
	}
	const script = `
		const [modules, ...apps] = process.argv.slice(1)
		const manifest = require(modules + '/@npmcli/package-json')
		const variables = require(modules + '/@npmcli/run-script/lib/package-envs.js')
		Promise.all(apps.map(async app => variables((await manifest.normalize(app)).content))).then(all => console.log(JSON.stringify(all)))`
	cmd := exec.Command("node", append([]string{"-e", script, filepath.Join(filepath.Dir(program), "..", "node_modules")}, apps...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %s", err, stderr.String())
	}
	var all []map[string]string
	if err := json.Unmarshal(output, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(apps) {
		t.Fatalf("npm's modules answer for %d of %d", len(all), len(apps))
	}
	for i := range all {
		all[i] = withNamesOfFiles(all[i])
	}
	return all
}

// withNamesOfFiles renames variables as the buildpack does, see notInNames.
func withNamesOfFiles(variables map[string]string) map[string]string {
	named := map[string]string{}
	for name, value := range variables {
		named[strings.NewReplacer(".", "_", "/", "_").Replace(name)] = value
	}
	return named
}

func isPackageVariable(name string) bool {
	return strings.HasPrefix(name, "npm_package_") || strings.HasPrefix(name, "npm_lifecycle_") || name == "INIT_CWD"
}

// packageVariables returns npm's variables for the start script of an app,
// without its shell: dash drops variables with odd names.
func packageVariables(t *testing.T, npm, app string) map[string]string {
	t.Helper()
	shell := filepath.Join(t.TempDir(), "shell")
	write(t, shell, "#!/usr/bin/env node\nconsole.log(JSON.stringify(process.env))\n")
	if err := os.Chmod(shell, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(npm, "run", "--silent", "--script-shell="+shell, "start")
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
	return withNamesOfFiles(found)
}

// launchVariables returns the buildpack's variables.
func launchVariables(t *testing.T, app string) map[string]string {
	t.Helper()
	buildpack := t.TempDir()
	write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
	env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
	result, err := npmstart.Build(environOf(env), scribe.NewEmitter(io.Discard))(packit.BuildContext{
		WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(t.TempDir(), "armature_npm-start")},
	})
	if err != nil {
		t.Fatal(err)
	}
	// As the lifecycle's launcher reads the layer.
	all, found := map[string]string{}, map[string]string{}
	launchEnv(t, all, result.Layers[1].Path)
	for name, value := range all {
		if isPackageVariable(name) {
			found[name] = value
		}
	}
	return found
}

// Invalid names and values of variables end no build and no container.
func TestVariablesThatCannotBe(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, row := range []struct {
		name, fields string
		want         map[string]string // besides the permanent ones
	}{
		{"characters that no file's name has for the lifecycle", `"config":{"a.b":"1","c/d":"2","e=f":"3","g\u0000h":"4"}`,
			map[string]string{"npm_package_config_a_b": "1", "npm_package_config_c_d": "2", "npm_package_config_e_f": "3", "npm_package_config_g_h": "4"}},
		{"one of these beside the name that it would get", `"config":{"a_b":"1","a.b":"2","c=d":"3","c_d":"4"}`,
			map[string]string{"npm_package_config_a_b": "1", "npm_package_config_c_d": "4"}},
		{"a name that is longer than a file's", `"config":{"` + long + `":"1","a":"2"}`, map[string]string{"npm_package_config_a": "2"}},
		{"a value that no variable holds", `"config":{"a":"1\u00002","b":"3"}`, map[string]string{"npm_package_config_b": "3"}},
		{"a value that is too long for one", `"config":{"a":"` + strings.Repeat("x", 128<<10) + `","b":"3"}`, map[string]string{"npm_package_config_b": "3"}},
		{"more than a process can have", `"version":"1.0.0","config":[` + strings.Repeat(`"`+strings.Repeat("x", 60<<10)+`",`, 40) + `""]`, map[string]string{"npm_package_version": "1.0.0"}},
		{"a number of programs that is none", `"bin":{` + strings.Repeat(`"a":"b",`, 3000) + `"c":"d"}`, map[string]string{"npm_package_bin_a": "b", "npm_package_bin_c": "d"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node a.js"},`+row.fields+`}`)
			got := launchVariables(t, app)
			for _, name := range []string{"INIT_CWD", "npm_package_json", "npm_lifecycle_event", "npm_lifecycle_script"} {
				if got[name] == "" {
					t.Errorf("%s is not there", name)
				}
				delete(got, name)
			}
			if !maps.Equal(got, row.want) {
				t.Errorf("got %.300q, want %q", got, row.want)
			}
		})
	}
}

// A layer must not differ from build to build: the image's digest would.
func TestTheLayerOfVariablesIsTheSameEachTime(t *testing.T) {
	app := t.TempDir()
	write(t, filepath.Join(app, "package.json"), `{"scripts":{"start":"node a.js"},"config":{"a":{"b":1,"c":1},"a_b":2,"a_c":2,"a.b":3,"a/b":4,"d.e":1,"d/e":2,"d=e":3}}`)
	first := launchVariables(t, app)
	if first["npm_package_config_a_b"] != "2" || first["npm_package_config_d_e"] != "3" {
		t.Errorf("got %q, want the last of those that npm gives one name", first)
	}
	for range 40 {
		if again := launchVariables(t, app); !maps.Equal(again, first) {
			t.Fatalf("got %q, want %q", again, first)
		}
	}
}
