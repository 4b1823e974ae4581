package packagejson_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       packagejson.Package
	}{
		{name: "an empty object", text: `{}`},
		{name: "a byte order mark, which npm allows too", text: "\xef\xbb\xbf{}"},
		{
			name: "name, version and scripts",
			text: `{"name":"app","version":"1.2.3","scripts":{"start":"node node.js"}}`,
			want: packagejson.Package{Name: "app", Version: "1.2.3", Scripts: map[string]string{"start": "node node.js"}},
		},
		{
			name: "engines",
			text: `{"engines":{"node":">=22","npm":"^11","yarn":"1"}}`,
			want: packagejson.Package{Engines: packagejson.Engines{Node: ">=22", NPM: "^11", Yarn: "1"}},
		},
		{
			name: "workspaces as a list",
			text: `{"workspaces":["packages/*"]}`,
			want: packagejson.Package{Workspaces: packagejson.Workspaces{"packages/*"}},
		},
		{
			name: "workspaces as an object",
			text: `{"workspaces":{"packages":["a","b"],"nohoist":["x"]}}`,
			want: packagejson.Package{Workspaces: packagejson.Workspaces{"a", "b"}},
		},
		{
			name: "devEngines with one runtime",
			text: `{"devEngines":{"runtime":{"name":"node","version":"24","onFail":"error"}}}`,
			want: packagejson.Package{DevEngines: packagejson.DevEngines{Runtime: packagejson.EngineList{{Name: "node", Version: "24", OnFail: "error"}}}},
		},
		{
			name: "devEngines with a list of runtimes",
			text: `{"devEngines":{"runtime":[{"name":"bun"},{"name":"node","version":"24"}]}}`,
			want: packagejson.Package{DevEngines: packagejson.DevEngines{Runtime: packagejson.EngineList{{Name: "bun"}, {Name: "node", Version: "24"}}}},
		},
		{
			name: "volta and packageManager",
			text: `{"volta":{"node":"22.1.0"},"packageManager":"npm@11.6.0"}`,
			want: packagejson.Package{Volta: packagejson.Volta{Node: "22.1.0"}, PackageManager: "npm@11.6.0"},
		},
		{name: "fields of no concern may have any shape", text: `{"author":["x"],"browser":1,"repository":null}`},
		{
			name: "other fields of a wrong shape are ignored",
			text: `{"name":["app"],"version":1,"main":["a"],"config":"x","volta":"22","devEngines":"24","packageManager":{},"workspaces":"packages/*","dependencies":[],"engines":{"node":"24","npm":false},"scripts":{"start":"node ."}}`,
			want: packagejson.Package{Engines: packagejson.Engines{Node: "24"}, Scripts: map[string]string{"start": "node ."}},
		},
		{name: "dependencies that are none", text: `{"dependencies":[ ],"devDependencies":null,"optionalDependencies":""}`},
		{name: "a list of what npm bundles", text: `{"bundledDependencies":["a"],"peerDependencies":["b"]}`},
		{name: "null for a field is its absence", text: `{"scripts":null,"engines":null}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := packagejson.Parse([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"nothing", "", "line 1, column 0: unexpected end"},
		{"a trailing comma", "{\n  \"name\": \"x\",\n}", "line 3, column 1: invalid character '}'"},
		{"a comment", "// hello\n{}", "line 1, column 1: invalid character '/'"},
		{"a list", "[]", "the whole file is a JSON array, want an object"},
		{"engines as a list, as very old packages have it", "{\n\"engines\": [\"node >= 0.8\"]}", "line 2: engines is a JSON array, want an object"},
		{"an engine that is a number", `{"engines":{"node":24}}`, "engines.node is a JSON number, want a string"},
		{"a script that is a list", `{"scripts":{"start":["node"]}}`, "scripts.start is a JSON array, want a string"},
		{"a comment among the scripts", "{\"scripts\":{\"start\":\"node .\",\n\"//\":[\"how to\"],\"##\":1}}", "line 2: scripts.// is a JSON array, want a string"},
		{"scripts as a string", `{"scripts":"node node.js"}`, "scripts is a JSON string, want an object"},
		{"dependencies as a list", "{\n\n\"dependencies\": [\"ms\"]}", "line 3: dependencies is a JSON array, want an object"},
		{"dependencies as a string", `{"dependencies":"ms"}`, "line 1: dependencies is a JSON string, want an object"},
		{"devDependencies as a list", `{"devDependencies":["ms"]}`, "devDependencies is a JSON array, want an object"},
		{"optionalDependencies as a list", `{"optionalDependencies":["ms"]}`, "optionalDependencies is a JSON array, want an object"},
		{"a range that is a list", `{"dependencies":{"a":"1","b":["1"],"c":2}}`, "dependencies.b is a JSON array, want a string"},
		{"a range that is a number", `{"dependencies":{"ms":2}}`, "dependencies.ms is a JSON number, want a string"},
		{"a range that is true", `{"dependencies":{"ms":true}}`, "dependencies.ms is a JSON boolean, want a string"},
		{"a range that is an object", `{"dependencies":{"ms":{}}}`, "dependencies.ms is a JSON object, want a string"},
		{"a range that is null", `{"dependencies":{"ms":null}}`, "dependencies.ms is a JSON null, want a string"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := packagejson.Parse([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestTheRemedyIsThatOfTheField(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no JSON", "{", "`npm pkg get` prints nothing but an error until it can be read."},
		{"a list", "[]", `write the whole file as an object, such as {"scripts": {"start": "node server.js"}}`},
		{"a comment among the scripts", `{"scripts":{"//":["how to"]}}`, "a comment can be a field of its own beside scripts"},
		{"engines as a list", `{"engines":["node >= 18"]}`, `"engines": {"node": ">=22"}`},
		{"an engine that is a number", `{"engines":{"node":24}}`, `"engines": {"node": ">=22"}`},
		{"dependencies as a list", `{"dependencies":["ms"]}`, `write dependencies as an object of ranges, such as "dependencies": {"express": "^5.1.0"}.`},
		{"a range that is a number", `{"devDependencies":{"ms":2}}`, `"devDependencies": {"express": "^5.1.0"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tc.text)
			_, err := packagejson.Read(dir)
			var failed *failure.Failure
			if !errors.As(err, &failed) || failed.ID != packagejson.InvalidID || !strings.Contains(failed.Remedy, tc.want) {
				t.Errorf("got %+v, want a remedy with %s", err, tc.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := packagejson.Read(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
	path := filepath.Join(dir, "package.json")
	if err := os.WriteFile(path, []byte(`{`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := packagejson.Read(dir)
	if !errors.Is(err, &failure.Failure{ID: "package-json-invalid"}) || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken file: got %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"name":"app"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if pkg, err := packagejson.Read(dir); err != nil || pkg.Name != "app" {
		t.Errorf("got %+v, %v", pkg, err)
	}
}

// readers are all that read a package.json.
var readers = []struct {
	name string
	read func(dir string) (any, error)
}{
	{"Read", func(dir string) (any, error) { return packagejson.Read(dir) }},
	{"ReadFields", func(dir string) (any, error) { return packagejson.ReadFields(dir) }},
	{"ReadWorkspaces", func(dir string) (any, error) { return packagejson.ReadWorkspaces(dir) }},
	{"ReadText", func(dir string) (any, error) { return packagejson.ReadText(dir) }},
}

func TestAFolderOfThatNameIsRefused(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "package.json"), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := reader.read(dir); !errors.Is(err, &failure.Failure{ID: packagejson.InvalidID}) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestALinkOutOfTheAppIsNoMissingFile(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink("../conf/package.json", filepath.Join(dir, "package.json")); err != nil {
				t.Fatal(err)
			}
			_, err := reader.read(dir)
			if !errors.Is(err, &failure.Failure{ID: packagejson.InvalidID}) || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "a link to ../conf/package.json") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAByteOrderMarkIsIgnored(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.name, func(t *testing.T) {
			plain, marked := t.TempDir(), t.TempDir()
			const text = `{"name":"app","workspaces":["a"],"scripts":{"start":"node ."}}`
			write(t, plain, text)
			write(t, marked, "\xef\xbb\xbf"+text)
			want, err := reader.read(plain)
			if err != nil {
				t.Fatal(err)
			}
			got, err := reader.read(marked)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

func TestTextInUTF16IsCalledByItsName(t *testing.T) {
	for _, reader := range readers {
		for _, row := range []struct{ name, text string }{
			{"little endian", "\xff\xfe{\x00}\x00"},
			{"big endian", "\xfe\xff\x00{\x00}"},
			{"cut off", "\xff\xfe{\x00}"},
		} {
			t.Run(reader.name+": "+row.name, func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, row.text)
				_, err := reader.read(dir)
				if !errors.Is(err, &failure.Failure{ID: packagejson.InvalidID}) || !strings.Contains(err.Error(), "UTF-16") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func write(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDescribeScripts(t *testing.T) {
	pkg := packagejson.Package{Scripts: map[string]string{"start": "node .", "dev": "vite", "empty": " "}}
	if got := pkg.DescribeScripts(); got != "dev, start" {
		t.Errorf("got %q", got)
	}
	if got := (packagejson.Package{}).DescribeScripts(); got != "there are none" {
		t.Errorf("got %q", got)
	}
}

func TestStartScript(t *testing.T) {
	pkg := packagejson.Package{Scripts: map[string]string{"start": "node .", "serve": "node serve.js"}}
	for _, tc := range []struct{ chosen, want string }{{"", "node ."}, {"start", "node ."}, {"serve", "node serve.js"}} {
		if got, err := pkg.StartScript(tc.chosen); got != tc.want || err != nil {
			t.Errorf("%q: got %q, %v", tc.chosen, got, err)
		}
	}
	if got, err := (packagejson.Package{}).StartScript(""); got != "" || err != nil {
		t.Errorf("no start script: got %q, %v", got, err)
	}
	_, err := pkg.StartScript("web")
	if !errors.Is(err, &failure.Failure{ID: "start-script-missing"}) || !strings.Contains(err.Error(), "(serve, start)") {
		t.Errorf("a script that does not exist: got %v", err)
	}
}

func TestReadWorkspacesPassesOverEverythingElse(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]int{`{"engines":["node >= 0.8"],"scripts":[],"workspaces":["a","b"]}`: 2, `{"workspaces":"a"}`: 0, `{}`: 0} {
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := packagejson.ReadWorkspaces(dir); err != nil || len(got) != want {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := packagejson.ReadWorkspaces(dir); !errors.Is(err, &failure.Failure{ID: "package-json-invalid"}) {
		t.Errorf("no JSON: got %v", err)
	}
}

func TestALinkToWhatNeverEndsIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(dir, packagejson.FileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := packagejson.ReadText(dir); err == nil {
		t.Error("it is read")
	}
}
