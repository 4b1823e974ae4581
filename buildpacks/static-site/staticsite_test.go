package staticsite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/failure"
)

// vite is the package.json of an app that Vite builds.
const vite = `{"scripts":{"build":"vite build","dev":"vite"},"devDependencies":{"vite":"7"}}`

func TestDetection(t *testing.T) {
	for _, row := range []struct {
		name     string
		files    map[string]string
		env      string
		requires int
		fails    string
	}{
		{"a framework that builds a site", map[string]string{"package.json": vite, "index.html": "x"}, "", 1, ""},
		{"a folder that is named", map[string]string{"package.json": `{"scripts":{"build":"make"}}`}, "BP_STATIC_ROOT=public", 1, ""},
		{"a page without a package.json", map[string]string{"index.html": "x"}, "", 0, ""},
		{"a folder that is named, without a package.json", map[string]string{"site/a.txt": "x"}, "BP_STATIC_ROOT=site", 0, ""},
		{"the project's own folder", map[string]string{"web/package.json": vite, "web/index.html": "x"}, "BP_NODE_PROJECT_PATH=web", 1, ""},
		{"a server", map[string]string{"package.json": `{"scripts":{"start":"node server.js"}}`, "server.js": ""}, "", 0, "the app has a process of its own"},
		{"a site whose image is for tests", map[string]string{"package.json": vite, "index.html": "x"}, "CNB_EXEC_ENV=test", 0, "no static site: the image is for test"},
		{"an environment that nobody knows", map[string]string{"package.json": vite}, "CNB_EXEC_ENV=x", 0, "[setting-invalid]"},
		{"nothing", map[string]string{"README.md": "x"}, "", 0, "no static site: no package.json and no index.html in /"},
		{"a package that starts nothing", map[string]string{"package.json": "{}"}, "", 0, "no static site: looked for a script start"},
		{"a folder outside", map[string]string{"index.html": "x"}, "BP_STATIC_ROOT=../x", 0, "[setting-invalid]"},
		{"what is no JSON", map[string]string{"package.json": "{"}, "", 0, "package.json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			plan, err := newFixture(t, row.files, row.env).detect()
			if (err == nil) != (row.fails == "") || err != nil && !strings.Contains(err.Error(), row.fails) {
				t.Fatalf("got %v, want %q", err, row.fails)
			}
			if len(plan.Provides) > 0 || len(plan.Requires) != row.requires {
				t.Errorf("got %+v", plan)
			}
			if row.requires == 1 && (plan.Requires[0].Name != "node_modules" || plan.Requires[0].Metadata != buildplan.Requirement{Build: true}) {
				t.Errorf("got %+v, want node_modules for the build alone", plan.Requires)
			}
		})
	}
}

func TestTheLayersOfASite(t *testing.T) {
	long := strings.Repeat("let a = 1;\n", 200)
	f := newFixture(t, map[string]string{
		"package.json": vite, "index.html": "source", "src/secret.ts": "x", ".env": "A=1", ".git/HEAD": "x",
		"dist/index.html": "built", "dist/assets/index-DiwrgTda.js": long, "dist/_redirects": "/a /b 302 Country=de\n",
	}, "BPE_GREETING=hello", "BP_IMAGE_LABELS=team=web")
	if err := os.Symlink("/nowhere", filepath.Join(f.app, "node_modules")); err != nil {
		t.Fatal(err)
	}
	result, err := f.build()
	if err != nil {
		t.Fatal(err)
	}
	if got := below(t, f.app); got != "" {
		t.Errorf("got %s in the app's folder, want nothing", got)
	}
	if got, want := below(t, filepath.Join(f.layers, "site")), "br/assets/index-DiwrgTda.js files/assets/index-DiwrgTda.js files/index.html gzip/assets/index-DiwrgTda.js index.json zstd/assets/index-DiwrgTda.js"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := os.ReadFile(filepath.Join(f.layers, "server/bin/static-server")); err != nil || string(got) != "for arm64" {
		t.Errorf("got the server %q, %v", got, err)
	}
	index, err := os.ReadFile(filepath.Join(f.layers, "site/index.json"))
	if err != nil || !strings.Contains(string(index), `"fallback":"index.html"`) || !strings.Contains(string(index), `"immutable":true`) {
		t.Errorf("got the index %s, %v", index, err)
	}
	process := packit.DirectProcess{Type: "web", Default: true, Args: []string{}, Command: []string{f.layers + "/server/bin/static-server", f.layers + "/site"}}
	if got := result.Launch.DirectProcesses; len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(process) {
		t.Errorf("got %v, want %v", got, process)
	}
	if result.Launch.Labels["team"] != "web" {
		t.Errorf("got the labels %v", result.Launch.Labels)
	}
	var kinds []string
	for _, layer := range result.Layers {
		kinds = append(kinds, fmt.Sprintf("%s:%t/%t/%t", layer.Name, layer.Build, layer.Launch, layer.Cache))
	}
	if got, want := strings.Join(kinds, " "), "site:false/true/false compressed:false/false/true server:false/true/false variables:false/true/false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, want := range []string{"Making a site of the folder dist\n", "Paths without a file get index.html, because of: Vite", "Files: 2, with 2.2 kB, of which 1 are there compressed, too", "[static-rule-ignored] the server does not do what these lines say:\n    _redirects, line 1: it has a condition"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got the log\n%s\nwant %s", f.log.String(), want)
		}
	}
}

func TestTheSameSiteIsReused(t *testing.T) {
	files := map[string]string{"index.html": "x", "a.js": strings.Repeat("a", 1000)}
	f := newFixture(t, files)
	first, err := f.build()
	if err != nil {
		t.Fatal(err)
	}
	restore := func(result packit.BuildResult) {
		for _, layer := range result.Layers { // what the lifecycle leaves for the next build
			if !layer.Launch {
				continue
			}
			file, err := os.Create(filepath.Join(f.layers, layer.Name+".toml"))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(toml.NewEncoder(file).Encode(map[string]any{"metadata": layer.Metadata}), file.Close(), os.RemoveAll(layer.Path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	restore(first)
	f.write(f.app, files)
	again, err := f.build()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(f.log.String(), "Reusing cached layer"); got != 2 {
		t.Errorf("got\n%s\nwant two layers reused", f.log.String())
	}
	restore(again)
	f.write(f.app, map[string]string{"index.html": "y"})
	if _, err := f.build(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(f.log.String(), "Reusing cached layer"); got != 1 || !strings.Contains(f.log.String(), "Files: 1,") {
		t.Errorf("got\n%s\nwant another site, and the server reused", f.log.String())
	}
}

func TestFallbacks(t *testing.T) {
	plain := map[string]string{"dist/index.html": "x", "dist/404.html": "x"}
	for _, row := range []struct {
		name  string
		files map[string]string
		env   string
		want  string
	}{
		{"none by itself", plain, "BP_STATIC_FALLBACK=", ""},
		{"a page for that", map[string]string{"dist/index.html": "x", "dist/200.html": "x"}, "BP_STATIC_FALLBACK=", "200.html"},
		{"the one that is named", plain, "BP_STATIC_FALLBACK=/404.html", "404.html"},
		{"the framework's", map[string]string{"package.json": vite, "dist/index.html": "x"}, "BP_STATIC_FALLBACK=", "index.html"},
		{"none, in spite of the framework", map[string]string{"package.json": vite, "dist/index.html": "x"}, "BP_STATIC_FALLBACK=none", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.files, "BP_STATIC_ROOT=dist", row.env)
			if _, err := f.build(); err != nil {
				t.Fatal(err)
			}
			index, err := os.ReadFile(filepath.Join(f.layers, "site/index.json"))
			if got := strings.Contains(string(index), fmt.Sprintf(`"fallback":%q`, row.want)); err != nil || got != (row.want != "") || row.want == "" && strings.Contains(string(index), `"fallback"`) {
				t.Errorf("got %s, %v", index, err)
			}
		})
	}
}

func TestTheRootOfAProjectIsNoSecret(t *testing.T) {
	f := newFixture(t, map[string]string{"index.html": "x", "package.json": "{}", "package-lock.json": "{}", "node_modules/a/index.js": "x", "project.toml": "x", ".env": "x"}, "BP_STATIC_ROOT=.")
	if _, err := f.build(); err != nil {
		t.Fatal(err)
	}
	if got := below(t, filepath.Join(f.layers, "site/files")); got != "index.html" {
		t.Errorf("got %s", got)
	}
}

func TestABuildFailsWith(t *testing.T) {
	for _, row := range []struct {
		name     string
		files    map[string]string
		env      string
		id, says string
	}{
		{"no folder", map[string]string{"package.json": vite, "web/out/index.html": "x", "node_modules/a/index.html": "x"}, "A=", "static-root-missing", "These have an index.html: web/out."},
		{"no folder and no other", map[string]string{"package.json": vite}, "A=", "static-root-missing", "BP_NODE_RUN_SCRIPTS"},
		{"no folder of the name", map[string]string{"index.html": "x"}, "BP_STATIC_ROOT=public", "static-root-missing", `BP_STATIC_ROOT is "public", want a folder`},
		{"a file of the name", map[string]string{"public": "x"}, "BP_STATIC_ROOT=public", "static-root-missing", `BP_STATIC_ROOT is "public", want a folder`},
		{"a folder without files", map[string]string{"public/.keep": "", "dist/index.html": "x"}, "BP_STATIC_ROOT=public", "static-root-missing", "the folder public has no file"},
		{"a fallback that is missing", map[string]string{"index.html": "x"}, "BP_STATIC_FALLBACK=app.html", "setting-invalid", `BP_STATIC_FALLBACK is "app.html"`},
		{"a password", map[string]string{"index.html": "x", "_headers": "/*\n  Basic-Auth: a:b\n"}, "A=", "static-rule-unsafe", "_headers, line 2: Basic-Auth"},
		{"a label that is none", map[string]string{"index.html": "x"}, "BP_IMAGE_LABELS=x", "setting-invalid", "BP_IMAGE_LABELS"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.files, row.env)
			_, err := f.build()
			var failed *failure.Failure
			if !errors.As(err, &failed) || failed.ID != row.id || !strings.Contains(err.Error(), row.says) {
				t.Fatalf("got %v, want [%s] with %s", err, row.id, row.says)
			}
			if below(t, f.app) == "" {
				t.Error("the app's folder is empty")
			}
		})
	}
}

func TestTheLogSaysWhatIsPassedOver(t *testing.T) {
	f := newFixture(t, map[string]string{"package.json": `{"scripts":{"start":"vite","build":"vite build"},"devDependencies":{"vite":"7"}}`, "dist/index.html": "x"})
	if _, err := f.build(); err != nil {
		t.Fatal(err)
	}
	if want := "Passed over: the script start starts the development server of vite"; !strings.Contains(f.log.String(), want) {
		t.Errorf("got the log\n%s\nwant %s", f.log.String(), want)
	}
}
