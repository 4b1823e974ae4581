package npmstart

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestAPortIsGivenToWhatIsNotTakenAsItIs(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(s *start)
		want   string
	}{
		{"a script as it is", func(*start) {}, ""},
		{"a command", func(s *start) { s.web.Script = "" }, "PORT 3000"},
		{"one of two processes", func(s *start) { s.app.Processes = append(s.app.Processes, startup.Process{}) }, "PORT 3000"},
		{"something that others are passed over for", func(s *start) { s.app.Passed = []string{"x"} }, "PORT 3000"},
		{"another command", func(s *start) { s.web.Command = "x" }, "PORT 3000"},
		{"another hook before it", func(s *start) { s.web.Pre = "" }, "PORT 3000"},
		{"another hook behind it", func(s *start) { s.web.Post = "" }, "PORT 3000"},
		{"what listens to no port that is known", func(s *start) { s.web.Script, s.web.Listens = "", 0 }, "PORT 8080"},
		{"what reads no variable", func(s *start) { s.web.Script, s.web.Port = "", "" }, ""},
		{"another process", func(s *start) { s.web.Script, s.web.Type = "", "worker" }, ""},
	} {
		web := startup.Process{Type: "web", Script: "start", Command: "node a.js", Pre: "before", Post: "behind", Port: "PORT", Listens: 3000}
		s := start{
			web: web, app: startup.App{Processes: []startup.Process{web}},
			pkg: packagejson.Package{Scripts: map[string]string{"start": "node a.js", "prestart": "before", "poststart": "behind"}},
		}
		tc.change(&s)
		variable, number := s.port()
		env := packit.Environment{}
		s.addPort(env)
		if got := strings.TrimSpace(variable + " " + number); got != tc.want || len(env) != min(len(tc.want), 1) {
			t.Errorf("%s: got %q and %v, want %q", tc.name, got, env, tc.want)
		}
	}
}

func TestAnOwnFileIsDoubtedOnlyForItsMode(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"runs": 0o755, "group": 0o654, "not": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "folder"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"./runs": "", "./group": "", "./folder": "", "./pipe": "", "./not/x": "", "./$X": "", "../not": "", "/not": "",
		"./not": "starts ./not, which nobody may execute: its mode is 644", "./none": "starts ./none, which is not in the app's folder when the image is made",
	} {
		f := oracle{start: start{dir: dir}}.doubtOfOwnFile(file)
		if f.doubt == nil && want == "" && f.kind == runs {
			continue
		}
		if f.doubt == nil || f.doubt.why != want || !f.doubt.made {
			t.Errorf("%s: got %+v, want %q", file, f, want)
		}
	}
}

// The values are npm's: a test with npm itself compares more of them.
func TestVariablesOfFields(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct{ text, want string }{
		{`{}`, ""},
		{`{"name":"@a/b","version":"1.2.3","license":"MIT"}`, "name=@a/b version=1.2.3"},
		{"\xef\xbb\xbf" + `{"version":"1","name":"a"}`, "name=a version=1"},
		{`{"engines":{"node":">=1","b":null},"name":null}`, "name= engines_node=>=1 engines_b="},
		{`{"config":{"a":true,"b":false,"c":1.50,"d":["x",["y",{"z":0}]],"e":{"f":{}},"g":[]}}`, "config_a=true config_b= config_c=1.5 config_d_0=x config_d_1_0=y config_d_1_1_z=0"},
		{`{"config":"x","name":"n","bin":{"a":"./a.js"}}`, "name=n config=x bin_a=a.js"},
		{`{"config":{"a":1},"config":{"b":2}}`, "config_b=2"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
		all, err := (start{dir: dir}).packageVariables()
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
		}
		var got []string
		for _, v := range all {
			got = append(got, strings.TrimPrefix(v.name, "npm_package_")+"="+v.value)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: got %q, want %q", tc.text, got, tc.want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{dir, t.TempDir()} {
		if all, err := (start{dir: where}).packageVariables(); all != nil || err == nil || !strings.HasPrefix(err.Error(), "reading package.json: ") {
			t.Errorf("got %v, %v", all, err)
		}
	}
}

func TestTheEnvironmentIsThatOfTheStartScript(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name":"a","config":{"x.y":1,"x_y":2,"p/q":3}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, modules string
		web           startup.Process
		event, path   string
	}{
		{"a script", dir, startup.Process{Type: "web", Script: "serve", Command: "node a.js"}, "serve", "/node_modules/.bin"},
		{"a command", dir, startup.Process{Type: "web", Command: "node a.js"}, "start", "/node_modules/.bin"},
		{"a workspace", root, startup.Process{Type: "bot", Command: "node a.js"}, "start", "/node_modules/.bin:" + root + "/node_modules/.bin"},
	} {
		s := start{root: root, dir: dir, modules: tc.modules, web: tc.web, app: startup.App{Processes: []startup.Process{tc.web}}}
		got, err := s.environment()
		want := fmt.Sprint(packit.Environment{
			"npm_package_name.default": "a", "npm_package_config_x_y.default": "2", "npm_package_config_p_q.default": "3",
			"INIT_CWD.default": dir, "npm_package_json.default": dir + "/package.json", "npm_lifecycle_event.default": tc.event, "npm_lifecycle_script.default": "node a.js",
			"PATH.prepend": dir + tc.path, "PATH.delim": ":",
		})
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s:\ngot  %v, %v\nwant %v", tc.name, got, err, want)
		}
	}
	s := start{web: startup.Process{Type: "web"}}
	if got := s.event(startup.Process{Type: "worker"}); got != "worker" {
		t.Errorf("another process: got the event %q", got)
	}
}

func TestAWorkspaceThatNPMStarts(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "repo")
	for path, text := range map[string]string{
		"packages/b/package.json": `{"name":"@x/b","scripts":{"start":"node b.js"}}`,
		"packages/a/package.json": `{"name":"@x/a","scripts":{"start":"node a.js"}}`,
		"packages/c/package.json": `{"name":"@x/c","scripts":{"start":" "}}`,
		"packages/d/package.json": `{`,
		"packages/e/x":            "",
		"web/package.json":        `{"name":"web","scripts":{"start":"node w.js"}}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pkg := packagejson.Package{Workspaces: []string{"web", "packages/**", "packages/a", "[", "none"}}
	if got, want := strings.Join(startable(dir, pkg, "start"), " "), "packages/a packages/b web"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for command, want := range map[string]string{
		"npm start -w packages/a": "packages/a BP_NODE_PROJECT_PATH=repo/packages/a", "npm run start --workspace=@x/b": "@x/b BP_NODE_PROJECT_PATH=repo/packages/b",
		"npm -w 'web' start": "web BP_NODE_PROJECT_PATH=repo/web", "npm start --workspace @x/c": "@x/c BP_NODE_PROJECT_PATH=repo/@x/c",
		"npm start": "", "node a.js -w web": "", "npm start --workspaces": "", "npm start -watch": "",
	} {
		s := start{root: root, dir: dir, pkg: pkg, web: startup.Process{Type: "web", Script: "start", Command: command}}
		got := s.workspaceReason()
		if want != "" {
			name, setting, _ := strings.Cut(want, " ")
			want = "[start-through-npm] the script start has npm start the workspace " + name + ", so that npm is in the image, between the app and its signals, with the modules of all workspaces. To fix it: set " + setting + "."
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", command, got, want)
		}
	}
}

// A folder of the build's output is watched if the app starts from it.
func TestAnOutputThatTheAppStartsFrom(t *testing.T) {
	for command, want := range map[string]bool{
		"node dist/a.js": true, "node ./dist": true, "serve dist": true, "A=dist/x node a": true, "node --import=./dist/a.js b": true, "a;dist/b": true, "sh -c 'dist/a'": true,
		"node distant.js": false, "node a/dist": false, "node ../dist/a.js": false, "": false,
	} {
		s := start{web: startup.Process{Command: command}}
		if got := s.startsFrom("dist"); got != want {
			t.Errorf("%s: got %v, want %v", command, got, want)
		}
	}
	if s := (start{pkg: packagejson.Package{Main: "./dist/a.js"}}); !s.startsFrom("dist") || s.startsFrom("build") {
		t.Error("the main file is not seen")
	}
}

func TestACommandForTini(t *testing.T) {
	const patient = "trap exit TERM INT QUIT HUP; trap : USR1 USR2\n"
	for _, tc := range []struct {
		process startup.Process
		want    string // of one in a shell, its script
		plain   bool
	}{
		{startup.Process{Command: "node 'a b.js'"}, "node|a b.js", true},
		{startup.Process{Command: "node a", Pre: "x"}, `x && node a "$@"`, false},
		{startup.Process{Command: "node a", Post: "y"}, `node a "$@" && y`, false},
		{startup.Process{Command: "A=1 node a"}, `A=1 node a "$@"`, false},
		{startup.Process{Command: "node a | b"}, `node a | b "$@"`, false},
	} {
		want := tc.want
		if !tc.plain {
			want = "sh|-c|" + patient + tc.want + "|sh"
		}
		if got := strings.Join(tiniCommand(tc.process), "|"); got != want {
			t.Errorf("%+v: got %q, want %q", tc.process, got, want)
		}
	}
}
