package npmstart

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestARemedyBeginsWithTheBestWay(t *testing.T) {
	const (
		server   = "browser-sync" // it may be a development server
		finite   = "copyfiles"    // it may end
		take     = "take copyfiles out of the script start, and start what the script build makes"
		add      = "add a script that starts what the build makes, with node or a server for production, and name it in BP_NPM_START_SCRIPT"
		set      = "set BP_NPM_START_SCRIPT=serve, if that starts what the build makes"
		built    = "take `npm run build` out of the script start: it has run when the image is made"
		nothing  = "correct what starts the app"
		below    = "put x under dependencies"
		specific = "do it"
	)
	started := []string{"start"}
	for _, tc := range []struct {
		name    string
		scripts map[string]string
		fate    fate
		want    []string
	}{
		{"nothing is known", nil, fate{}, []string{nothing}},
		{"a script, and nothing else", nil, fate{scripts: started}, []string{nothing}},
		{"a package", nil, fate{scripts: started, program: "x", pkg: "x"}, []string{below}},
		{"what is said of it", nil, fate{fix: specific}, []string{specific}},
		{"what is said of it, and a package", nil, fate{fix: specific, pkg: "x"}, []string{specific, below}},
		{"a development server", nil, fate{scripts: started, program: server, pkg: "x"}, []string{add}},
		{"a development server of no package", nil, fate{program: server}, []string{add}},
		{"a development server, and what is said of it", nil, fate{program: server, pkg: "x", fix: specific}, []string{specific, below}},
		{"another script", map[string]string{"serve": "node a.js"}, fate{scripts: started}, []string{set}},
		{"another script, and a development server", map[string]string{"serve": "node a.js"}, fate{scripts: started, program: server, pkg: "x"}, []string{set, below}},
		{"a script that is the one", map[string]string{"server": "node a.js"}, fate{scripts: started}, []string{nothing}},
		{"an empty script", map[string]string{"serve": " "}, fate{scripts: started}, []string{nothing}},
		{"a script of another development server", map[string]string{"serve": "browser-sync start"}, fate{scripts: started}, []string{nothing}},
		{"a build on the way", nil, fate{scripts: []string{"start", "build"}}, []string{built}},
		{"a build further on", nil, fate{scripts: []string{"start", "x", "build"}, pkg: "x"}, []string{built, below}},
		{"a build that starts it all", nil, fate{scripts: []string{"build"}}, []string{nothing}},
		{"what ends, of a build", map[string]string{"build": "x"}, fate{scripts: started, program: finite}, []string{take}},
		{"what ends, of a build, deeper", map[string]string{"build": "x"}, fate{scripts: []string{"x", "start"}, program: finite, pkg: "x"}, []string{take, below}},
		{"what ends, without a build", map[string]string{"build": " "}, fate{scripts: started, program: finite}, []string{nothing}},
		{"what ends, of a process", map[string]string{"build": "x"}, fate{program: finite}, []string{nothing}},
		{"what ends, and another script", map[string]string{"build": "x", "serve": "node a.js"}, fate{scripts: started, program: finite}, []string{set}},
		{"what does not end, of a build", map[string]string{"build": "x"}, fate{scripts: started, program: "x"}, []string{nothing}},
	} {
		s := start{pkg: packagejson.Package{Scripts: tc.scripts}, web: startup.Process{Script: "server"}}
		if got, want := s.remedy(tc.fate, launched{}), strings.Join(tc.want, ", or "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, want)
		}
	}
}

func TestAProjectThatNothingStartsHasWays(t *testing.T) {
	none := func(string) string { return "" }
	const (
		add    = "add a script start to package.json that starts the app, such as `node server.js`"
		script = ", or set BP_NPM_START_SCRIPT to the script that starts it"
		rest   = ", or set BP_START_COMMAND to the command that starts it, or set BP_STATIC_ROOT to the folder of files that its build makes."
		cause  = "no start script in package.json, and nothing else that starts the app. There is none of these: a; b. Its scripts: "
	)
	for _, tc := range []struct {
		name          string
		scripts       map[string]string
		passed        []string
		cause, remedy string
	}{
		{"no script", nil, nil, "there are none", add + rest},
		{"one", map[string]string{"x": "y"}, nil, "x", add + script + rest},
		{"two", map[string]string{"x": "y", "a": "b"}, nil, "a, x", add + script + rest},
		{"reasons", nil, []string{"this is no server", "another"}, "there are none. This is no server. Another", add + rest},
	} {
		dir := t.TempDir()
		s := start{root: dir, dir: dir, pkg: packagejson.Package{Scripts: tc.scripts}, app: startup.App{Looked: []string{"a", "b"}, Passed: tc.passed}}
		f := s.nothingStarts(none)
		if f.ID != "start-script-missing" || f.Cause != cause+tc.cause || f.Remedy != tc.remedy {
			t.Errorf("%s:\ngot  %s %s\n     %s\nwant %s\n     %s", tc.name, f.ID, f.Cause, f.Remedy, cause+tc.cause, tc.remedy)
		}
	}
}

// Each folder is named once.
func TestScriptsThatOnlyBashReads(t *testing.T) {
	root, layers := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		"a/one/profile.d/x.sh": "", "a/one/profile.d/y.sh": "", "a/one.toml": "[types]\nlaunch = true\n",
		"a/two/profile.d/x.sh": "", "a/two.toml": "[types]\nbuild = true\n",
		"a/three/profile.d/x.sh": "", "a/three.toml": "[",
		"a/four/profile.d/x.sh": "",
		"b/one/profile.d/x.sh":  "", "b/one.toml": "[types]\nlaunch = true\ncache = true\n",
		"b/six/x.sh": "", "b/six.toml": "[types]\nlaunch = true\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(layers, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(layers, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"a/one/profile.d", "b/one/profile.d"}
	if got := (start{root: root}).profiles(layers); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := os.WriteFile(filepath.Join(root, ".profile"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := (start{root: root}).profiles(layers); !slices.Equal(got, append([]string{".profile of the app"}, want...)) {
		t.Errorf("got %q, want the app's, too", got)
	}
}

func TestWhatIsNoObjectSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		`{1:2}`: "invalid character '1'", `{"a":x}`: "invalid character 'x'", `{"a":[x]}`: "invalid character 'x'", `[x]`: "invalid character 'x'",
		`{"a":1 "b":2}`: "after object key:value pair", `[1 2]`: "after array element", `{"a":1]`: "after object key:value pair", `["a"}`: "after array element",
		"": "unexpected end", "{": "unexpected end", "[": "unexpected end", `{"a":`: "unexpected end", `{"a":[1`: "unexpected end",
		"[]": "got []interface {}, want an object", `"x"`: "got string, want an object", "null": "got <nil>, want an object", "{} {}": "after top-level value",
	} {
		if got, err := decodeObject([]byte(text)); got != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", text, got, err, want)
		}
	}
}

// A name that is a number comes first, and what is behind the last place is left
// out before that.
func TestWhatComesAfterTheLastProgramIsLeftOut(t *testing.T) {
	var list []any
	for i := range maxPrograms {
		list = append(list, fmt.Sprint("p", i))
	}
	list = append(list, "0")
	got := (start{}).programs(object{{"bin", list}})
	if len(got) != maxPrograms || got[0].key == "0" {
		t.Errorf("got %d programs, of which the first is %q", len(got), got[0].key)
	}
}
