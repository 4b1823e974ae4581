package npmstart

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// known is an app with server.js, whose image has these programs but not semver,
// a devDependency.
func known(t *testing.T) oracle {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "server.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	scripts := map[string]string{
		"dead": "semver 1", "live": "node server.js", "done": "true", "doubtful": "node none.js",
		"build:a": "true", "build:b": "semver 1", "build:b:c": "node server.js", "test:a": "true", "lint": "node server.js", "prepare": "node server.js", "preview": "node server.js",
	}
	for i := 1; i <= maxFollows+1; i++ {
		scripts[fmt.Sprint("deep", i)] = fmt.Sprint("npm run deep", i-1)
	}
	scripts["deep1"] = "semver 1"
	return oracle{
		start: start{dir: dir, pkg: packagejson.Package{Scripts: scripts, Dependencies: map[string]string{"tools": "1"}, DevDependencies: map[string]string{"semver": "1", "@scope/dev": "1"}}},
		launched: launched{
			places: []place{{path: "node_modules", sure: true}},
			lock: deps.Graph{Version: 2, Packages: []deps.Package{
				{Path: "node_modules/tools", Name: "tools", Commands: strings.Fields("concurrently cross-env cross-env-shell dotenv dotenvx npm-run-all prettier run-p run-s serve tini vite")},
				{Path: "node_modules/semver", Name: "semver", Dev: true, Commands: []string{"semver"}},
				{Path: "node_modules/dev-tools", Name: "dev-tools", Dev: true, Commands: []string{"dev-tool"}},
			}},
		},
	}
}

// shownFate returns a fate on one line: its kind, and the beginning of the
// reason.
func shownFate(f fate) string {
	text := map[kind]string{runs: "runs", ends: "ends", dies: "dies"}[f.kind]
	why := f.why
	if f.doubt != nil {
		text, why = text+"?", f.doubt.why
	}
	why, _, _ = strings.Cut(why, ",")
	return strings.TrimSpace(text + " " + strings.Join(f.scripts, ">") + " " + why)
}

const dead = "dies  calls semver"

func TestFates(t *testing.T) {
	o := known(t)
	for script, want := range map[string]string{
		// Lists.
		"": "runs", "if true; then semver 1; fi": "runs",
		"true": "ends", "node server.js": "runs", "semver 1": dead, "true && node server.js": "runs", "true && semver 1": dead,
		"semver 1 && node server.js": dead, "semver 1 || true": "ends", "semver 1 || node server.js": "runs", "semver 1; true": "ends",
		"true || semver 1": "ends", "true || semver 1 && true": "ends", "true || semver 1 && semver 2": dead, "node none.js || semver 1": "runs", "node server.js; semver 1": "runs",
		"semver 1 && true || semver 2": dead, "semver 1 && true || true": "ends", "cd x && semver 1": "runs", "true && cd x": "runs", "/bin/cd x; semver 1": "runs",
		"true | semver 1": "runs", "semver 1 | true": "runs", "true && semver 1 | cat": "runs", "semver 1 & true": "runs",
		"node none.js": "runs?  starts none.js", "true && node none.js": "runs", "true && gunicorn": "runs?  calls gunicorn",
		// Programs.
		"$X 1": "runs", "./bin/x": "runs?  starts ./bin/x", "node_modules/.bin/semver 1": dead, "./node_modules/.bin/serve": "runs", "cat x": "ends", "curl x": "runs", "serve": "runs",
		"prettier .": "ends", "vite": "runs", "vite build": "ends", "gunicorn": "runs?  calls gunicorn",
		// Programs that start others.
		"exec semver 1": dead, "exec": "runs", "time true": "ends", "env A=1 B=2 semver 1": dead, "env -i semver 1": "runs", "env -i=1 semver 1": "runs", "env A=1": "runs", "cross-env A=1 gunicorn": "runs?  calls gunicorn",
		"cross-env-shell A=1 'true && semver 1'": dead, "cross-env-shell A=1 B=2 true": "ends",
		"dotenv -e .env -- semver 1": dead, "dotenv -- true": "ends", "dotenv semver 1": dead, "dotenv -e semver": "runs", "tini -- true": "ends", "tini run true": "runs?  calls run",
		"dotenvx run semver 1": dead, "dotenvx run": "runs", "dotenvx": "runs", "dotenvx get x": "runs?  calls get",
		"sh -c 'semver 1'": dead, "bash -c true x": "ends", "sh -c": "runs", "sh -x 'semver 1'": "runs", "sh start.sh": "runs", "sh": "runs",
		// Node.js.
		"node": "runs", "node -r semver server.js": "dies  loads semver", "node -r semver/x/y server.js": "dies  loads semver/x/y", "node --import=semver server.js": "dies  loads semver",
		"node -r tools server.js": "runs", "node -r tools none.js": "runs?  starts none.js", "node -r": "runs", "node -r ./semver server.js": "runs", "node -r /semver server.js": "runs", "node --import node:test server.js": "runs",
		"node -r @scope/dev server.js": "dies  loads @scope/dev", "node -r @scope/dev/register server.js": "dies  loads @scope/dev/register", "node -r @scope server.js": "runs?  loads @scope", "node -r tools/x -r semver a.js": "dies  loads semver", "node -r semver": "dies  loads semver",
		"node --run dead": "dies dead calls semver", "node --run=done": "ends", "node --run doubtful": "runs? doubtful starts none.js", "node --run": "runs", "node --run none": "runs", "node --run none dead": "runs",
		"node --max-old-space-size 64 none.js": "runs", "node --max-old-space-size=64 none.js": "runs?  starts none.js", "node --trace-warnings none.js": "runs?  starts none.js", "node --no-x none.js semver": "runs?  starts none.js",
		"node node_modules/.bin/semver": dead, "node node_modules/semver/a.js": "dies  loads semver/a.js", "node ./node_modules/tools/a.js": "runs", "node -e 1": "runs",
		// npm.
		"npm": "runs", "npm install": "runs", "npm run": "runs", "npm run -- dead": "runs", "npm run dead": "dies dead calls semver", "npm run dead -- x": "dies dead calls semver", "npm run-script done": "ends", "npm -s run dead": "dies dead calls semver", "npm --prefix x run dead": "runs",
		"npm run live": "runs", "npm run lint": "ends", "npm run prepare": "ends", "npm run preview": "runs", "npm run doubtful": "runs? doubtful starts none.js",
		"npm run none": "dies none is not in package.json", "npm run none --if-present": "ends", "npm run $X": "ends", "npm test": "ends", "npm stop": "ends", "npm start": "runs",
		"npm exec serve": "runs", "npm exec prettier": "ends", "npm x semver": "dies  calls npx semver", "npm exec semver 1": "runs", "npm exec": "runs", "npm exec -- semver": "runs",
		"npm run deep12": "dies deep12>deep11>deep10>deep9>deep8>deep7>deep6>deep5>deep4>deep3>deep2>deep1 calls semver", "npm run deep13": "runs",
		"npx": "runs", "npx serve": "runs", "npx prettier .": "ends", "npx vite build": "ends", "npx prettier@3 .": "ends", "npx semver": "dies  calls npx semver", "npx --no-install semver": "dies  calls npx semver", "npx -q -- semver": "dies  calls npx semver", "npx --no": "runs",
		"npx -y semver": "runs", "npx $X": "runs", "npx semver@7": "runs", "npx semver@": "dies  calls npx semver", "npx x@7": "runs", "npx @scope/x": "dies  calls npx @scope/x", "npx tools": "runs",
		// Several.
		"concurrently 'semver 1' 'semver 2'": dead, "concurrently 'semver 1' 'node server.js'": "runs", "concurrently -k 'node server.js' 'semver 1'": dead, "concurrently -k 'node server.js' true": "runs",
		"concurrently -k --restart-tries 3 'semver 1' 'node server.js'": "runs", "concurrently -n true,true 'semver 1' 'semver 2'": dead, "concurrently -k npm:live npm:dead": "dies dead calls semver", "concurrently npm:dead npm:dead": "dies dead calls semver",
		"concurrently npm:none-* 'semver 1'": "runs", "concurrently -k npm:none": "dies none is not in package.json", "concurrently": "runs", "concurrently semver": dead,
		"run-s dead live": "dies dead calls semver", "run-s live dead": "runs", "run-s done dead": "dies dead calls semver", "run-s done done": "ends", "run-s doubtful done": "runs? doubtful starts none.js",
		"run-p live dead": "dies dead calls semver", "run-p done live": "runs", "run-p live done": "runs", "run-p done done": "ends", "run-p doubtful done": "runs? doubtful starts none.js", "run-p done doubtful": "runs? doubtful starts none.js",
		"npm-run-all -p live dead": "dies dead calls semver", "npm-run-all --parallel live done -s dead": "runs", "npm-run-all -p done done -s dead": "dies dead calls semver", "run-p -s live dead": "runs", "npm-run-all -s done -p live dead": "dies dead calls semver",
		"run-s -l -n done dead": "dies dead calls semver", "run-s -c dead": "runs", "run-s --race dead": "runs", "run-s done -- dead": "ends", "run-s": "runs",
		"run-s build:*": "dies build:b calls semver", "run-s build:** dead": "dies build:b calls semver", "run-s test:* live": "runs", "run-s test:*": "ends", "run-s none:*": "runs", "run-s 'dead x'": "runs", "run-s '{dead}'": "runs", "run-s 'build:[*'": "runs", "run-s none": "dies none is not in package.json",
	} {
		if got := shownFate(o.of(script)); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
	for script, want := range map[string]string{"semver 1": "semver", "dev-tool": "dev-tools", "npx semver": "semver", "npx tsc": "typescript", "node -r @scope/dev/x a.js": "@scope/dev"} {
		if f := o.of(script); f.kind != dies || f.pkg != want {
			t.Errorf("%s: got %q, want the package %s", script, f.pkg, want)
		}
	}
}

func TestNextReadsItsConfigurationWithTypescriptWhenItStarts(t *testing.T) {
	o := known(t)
	o.lock.Packages = append(o.lock.Packages, deps.Package{Path: "node_modules/next", Name: "next", Version: "15.1.0", Commands: []string{"next"}})
	o.pkg.DevDependencies["typescript"] = "5"
	if err := os.WriteFile(filepath.Join(o.dir, "next.config.ts"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]kind{"next start": dies, "next -p 1 start": dies, "node node_modules/.bin/next start": dies, "node node_modules/.bin/next": runs, "next build": ends, "next": runs, "serve start": runs} {
		if f := o.of(script); f.kind != want {
			t.Errorf("%s: got %q", script, shownFate(f))
		}
	}
}

// A program is known to be missing only if all places are known.
func TestPlacesAnswerAsFarAsTheyAreKnown(t *testing.T) {
	disk := t.TempDir()
	for path, text := range map[string]string{"lib/package.json": `{"version":"3.0.0"}`, ".bin/lib": "", "others/tool": "", "bad/package.json": "{"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(disk, path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(disk, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lock := func(version int) deps.Graph {
		return deps.Graph{Version: version, Packages: []deps.Package{
			{Path: "node_modules/lib", Version: "1.0.0", Commands: []string{"lib"}},
			{Path: "node_modules/dev", Version: "1.0.0", Dev: true, Commands: []string{"lib2"}},
			{Path: "node_modules/lib/node_modules/inner", Version: "2.0.0", Commands: []string{"inner"}},
			{Path: "node_modules/linked", Link: true, To: "packages/linked"}, {Path: "packages/linked", Commands: []string{"linked"}},
			{Path: "packages/a/node_modules/own", Version: "4.0.0", Commands: []string{"own"}},
		}}
	}
	of := func(version int, places ...place) launched {
		return launched{lock: lock(version), places: places, others: []string{filepath.Join(disk, "others")}}
	}
	onDisk, reused := place{disk: disk, path: "node_modules"}, place{path: "node_modules", sure: true}
	for _, tc := range []struct {
		name            string
		in              launched
		what            string
		command, module presence
		version         string
		brings          string
	}{
		{"nowhere", of(2), "lib", unknown, unknown, "", ""},
		{"another buildpack's program", of(2), "tool", present, unknown, "", ""},
		{"a folder of another buildpack's", launched{others: []string{disk}}, "others", unknown, unknown, "", ""},
		{"on disk", of(2, onDisk), "lib", present, present, "3.0.0", ""},
		{"not on disk", of(2, onDisk), "none", unknown, unknown, "", ""},
		{"surely not on disk", of(2, place{disk: disk, sure: true}), "none", absent, absent, "", ""},
		{"on disk, without a version", of(2, onDisk), "bad", unknown, present, "", ""},
		{"in the lockfile", of(2, reused), "lib", present, present, "1.0.0", ""},
		{"for development", of(2, reused), "dev", absent, absent, "", ""},
		{"a program for development", of(2, reused), "lib2", absent, absent, "", "dev"},
		{"inside of another", of(2, reused), "inner", absent, absent, "", ""},
		{"linked", of(2, reused), "linked", present, present, "", ""},
		{"of a workspace", of(2, reused, place{path: "packages/a/node_modules", sure: true}), "own", present, present, "4.0.0", ""},
		{"of another workspace", of(2, reused), "own", absent, absent, "", ""},
		{"an old lockfile", of(1, reused), "lib", unknown, unknown, "1.0.0", ""},
		{"the second place", of(2, reused, onDisk), "bad", unknown, present, "", ""},
		{"a place that is not sure", of(2, place{path: "node_modules"}), "none", unknown, unknown, "", ""},
	} {
		for i := range tc.in.lock.Packages {
			tc.in.lock.Packages[i].Name = filepath.Base(tc.in.lock.Packages[i].Path)
		}
		if command, module := tc.in.command(tc.what), tc.in.module(tc.what); command != tc.command || module != tc.module {
			t.Errorf("%s: got %d, %d, want %d, %d", tc.name, command, module, tc.command, tc.module)
		}
		if version, brings := tc.in.version(tc.what), tc.in.brings(tc.what); version != tc.version || brings != tc.brings {
			t.Errorf("%s: got the version %q and %q, want %q and %q", tc.name, version, brings, tc.version, tc.brings)
		}
	}
}

// Limits of Linux are exact to the byte.
func TestLimitsOfVariables(t *testing.T) {
	for _, tc := range []struct {
		name, value int // bytes
		want        bool
	}{{247, 0, true}, {248, 0, false}, {1, 128<<10 - 3, true}, {1, 128<<10 - 2, false}, {247, 128<<10 - 249, true}, {247, 128<<10 - 248, false}} {
		if got := possible(strings.Repeat("n", tc.name), strings.Repeat("v", tc.value)); got != tc.want {
			t.Errorf("a name of %d and a value of %d: got %v", tc.name, tc.value, got)
		}
	}
	dir, name := t.TempDir(), "npm_package_config_a"
	for size, want := range map[int]int{maxPackageVariables: 1, maxPackageVariables + 1: 0} {
		text := fmt.Sprintf(`{"config":{"a":"%s"}}`, strings.Repeat("x", size-len(name)))
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if all, err := (start{dir: dir}).packageVariables(); len(all) != want || err != nil {
			t.Errorf("a package with %d bytes: got %d variables, %v, want %d", size, len(all), err, want)
		}
	}
}

// A write error ends the build.
func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "layer", "env.launch", "A.default", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := packit.Environment{"A.default": "1"}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"the supervisor's folder": {writeProgram(filepath.Join(dir, "file", "bin", "x"), nil), "making the program's folder"},
		"the supervisor":          {writeProgram(filepath.Join(dir, "layer"), nil), "writing the program"},
		"the folder of variables": {writeEnvironment(filepath.Join(dir, "file"), env), "making the folder of variables"},
		"a variable":              {writeEnvironment(filepath.Join(dir, "layer"), env), "writing a variable"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, tc.err, tc.want)
		}
	}
	if _, err := (start{dir: dir}).environment(); err == nil {
		t.Error("there are variables of no package.json")
	}
	if _, err := (start{dir: dir, tini: true}).layers(packit.BuildContext{}, targets.Target{}, nil, scribe.NewEmitter(io.Discard)); err == nil {
		t.Error("there are layers of no package.json")
	}
}
