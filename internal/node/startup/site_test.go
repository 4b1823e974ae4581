package startup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestSiteRoot(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files{"dist/shop/browser/index.html": "", "dist/a.js": ""})
	site := startup.Site{Roots: []string{"dist", "dist/*/browser"}}
	if got := site.Root(dir); got != "dist/shop/browser" {
		t.Errorf("got %q", got)
	}
	if got := (startup.Site{Roots: []string{"dist"}}).Root(dir); got != "" {
		t.Errorf("without an index.html: got %q", got)
	}
}

func TestBuildScript(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{scripts(`"build":"x","docs:build":"y"`, `"devDependencies":{"vitepress":"1"}`), "build "},
		{scripts(`"docs:build":"y"`, `"devDependencies":{"vitepress":"1"}`), "docs:build VitePress"},
		{scripts(`"docs:build":"y"`), " "},
		{scripts(`"build-storybook":"y"`, `"devDependencies":{"storybook":"9"}`), "build-storybook Storybook"},
		{scripts(`"start":"node a.js","build-storybook":"y"`, `"devDependencies":{"storybook":"9"}`), " "},
	} {
		pkg, err := packagejson.Parse([]byte(row.text))
		if err != nil {
			t.Fatal(err)
		}
		if name, because := startup.BuildScript(pkg); name+" "+because != row.want {
			t.Errorf("%s: got %q, %q, want %q", row.text, name, because, row.want)
		}
	}
}

func TestBuildVariables(t *testing.T) {
	for _, row := range []struct {
		adapter string
		env     environ.List
		want    string
	}{
		{"@sveltejs/adapter-auto", nil, "[GCP_BUILDPACKS=armature]"},
		{"@sveltejs/adapter-auto", environ.List{"GCP_BUILDPACKS=x"}, "[]"},
		{"@sveltejs/adapter-node", nil, "[]"},
	} {
		pkg, err := packagejson.Parse([]byte(`{"devDependencies":{"@sveltejs/kit":"2","vite":"7","` + row.adapter + `":"5"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(startup.BuildVariables(startup.Project{Package: pkg}, row.env.Get)); got != row.want {
			t.Errorf("%s, %v: got %s, want %s", row.adapter, row.env, got, row.want)
		}
	}
}

// An outcome says what the developer has still to say.
func TestNotes(t *testing.T) {
	angular := scripts(`"build":"ng build"`, `"dependencies":{"@angular/core":"22","@angular/ssr":"22"}`)
	for _, row := range []struct{ name, config, want string }{
		{"hosts that nobody named", `{"security":{"allowedHosts": []}}`, "NG_ALLOWED_HOSTS"},
		{"hosts that are named", `{"security":{"allowedHosts": ["example.com"]}}`, ""},
		{"a version that asks for none", `{}`, ""},
	} {
		app, err := decide(t, files{"package.json": angular, "angular.json": row.config}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(app.Notes, "\n"); !strings.Contains(got, row.want) || row.want == "" && got != "" {
			t.Errorf("%s: got the notes %q, want %q in them", row.name, got, row.want)
		}
	}
}
