//go:build linux

package platform

import (
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// What a call writes and keeps beside the images is each project's own.
func TestEachProjectHasItsOwnOfWhatCannotBeShared(t *testing.T) {
	r := Request{App: "app", Output: "tar:out/all.tar", SBOMDir: "sbom", CacheKey: "branch", CacheImage: "host:5000/cache", Env: map[string]string{"A": "1"}}
	got := r.forProject(Project{Path: "apps/api", Image: "api"})
	if got.Image != "api" || got.App != "app" || got.Output != "tar:out/all-apps-api.tar" || got.SBOMDir != "sbom/apps-api" || got.CacheKey != "branch project apps/api" || got.CacheImage != "host:5000/cache:latest-apps-api" {
		t.Errorf("got %+v", got)
	}
	if got.Env["A"] != "1" || got.Env[settings.ProjectPath] != "apps/api" || len(r.Env) != 1 {
		t.Errorf("got %v, of %v", got.Env, r.Env)
	}
	for output, want := range map[string]string{"oci:out": "oci:out/root", "registry": "registry", "": "", "docker": "docker"} {
		if got := (Request{Output: output}).forProject(Project{Path: "."}); got.Output != want {
			t.Errorf("%s: got %s, want %s", output, got.Output, want)
		}
	}
}

// The descriptor's variables and those of the request reach every project.
func TestProjectsKeepTheSettingsOfTheApp(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "project.toml"), "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.build.env]]\nname = \"A\"\nvalue = \"file\"\n[[io.buildpacks.build.env]]\nname = \"BP_NODE_PROJECT_PATH\"\nvalue = \"elsewhere\"\n")
	all, err := Request{App: dir, Builder: "builder", Env: map[string]string{"B": "request"}}.readProjects([]Project{{"apps/api", "api"}, {"./apps/web/", "web"}}, newLog(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{"apps/api", "apps/web"} {
		if env := all[i].job.options.Env; env["A"] != "file" || env["B"] != "request" || env[settings.ProjectPath] != path {
			t.Errorf("got %v", env)
		}
	}
}
