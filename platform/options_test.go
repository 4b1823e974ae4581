//go:build linux

package platform

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// What a request says reaches the phases, and what each target's build has of its
// own is left for later.
func TestEveryFieldOfARequestReachesItsBuilds(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/project.toml", "[_]\nschema-version = \"0.2\"\n[io.buildpacks]\nexclude = [\"x\"]\n[[io.buildpacks.build.env]]\nname = \"A\"\nvalue = \"file\"\n[[io.buildpacks.build.env]]\nname = \"B\"\nvalue = \"file\"\n")
	b, err := Request{
		App: dir, Image: "app:1", Builder: "builder", RunImage: "run", Buildpacks: []string{"a"}, Env: map[string]string{"B": "request"}, Bindings: []string{"b"},
		Processes: map[string]string{"web": "w", "job": "j"}, Labels: map[string]string{"l": "v"}, Created: time.Unix(7, 0), Network: NoNetwork, Limits: &Limits{OpenFiles: 3}, Compression: Small, SBOMDir: "sbom", CacheKey: "key", ClearCache: true,
		Host: targets.LinuxAMD64, Home: filepath.Join(dir, "home"), Registries: Registries{Insecure: []string{"host:1"}}, Getenv: os.Getenv,
	}.read(newLog(nil))
	if err != nil {
		t.Fatal(err)
	}
	o := b.options
	if o.Env["A"] != "file" || o.Env["B"] != "request" || o.Env[settings.ImageLabels] != "l=v" || o.Env["BP_START_COMMAND"] != "w" || o.Env["BP_START_COMMAND_job"] != "j" || o.Filter("x") || o.Buildpacks.Buildpacks[0].Name != "a" {
		t.Errorf("got %v, %v, %v", o.Env, o.Buildpacks, o.Filter("x"))
	}
	if !o.Registries.Offline || !slices.Equal(o.Registries.Insecure, []string{"host:1"}) || o.Limits != (sandbox.Limits{OpenFiles: 3}) || o.Created != "7" || o.Name != "index.docker.io/library/app:1" {
		t.Errorf("got %+v", o)
	}
	later := []string{
		"AppOf", "Target", "TellPlan", "CacheImage", "Way", "Home", // differ by target, or need a home
		"BuilderBy", "Rebase", // of other calls
	}
	for i, field := range reflect.VisibleFields(reflect.TypeFor[phases.Options]()) {
		if field.IsExported() && reflect.ValueOf(o).Field(i).IsZero() != slices.Contains(later, field.Name) {
			t.Errorf("%s is %v", field.Name, reflect.ValueOf(o).Field(i))
		}
	}
}
