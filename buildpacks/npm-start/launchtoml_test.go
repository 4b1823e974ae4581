package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/BurntSushi/toml"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

func TestCorrectLaunch(t *testing.T) {
	dir := t.TempDir()
	if err := npmstart.CorrectLaunch(dir); err != nil {
		t.Errorf("without a launch.toml: %v", err)
	}
	path := filepath.Join(dir, "launch.toml")
	write(t, path, `
[[processes]]
  args = ["working-directory = x"]
  command = ["a", "b"]
  default = true
  type = "web"
  working-directory = "/workspace/my \"web\""
[[processes]]
  command = ["a"]
  type = "other"
`)
	if err := npmstart.CorrectLaunch(dir); err != nil {
		t.Fatal(err)
	}
	var launch struct {
		Processes []struct {
			Type       string   `toml:"type"`
			Command    []string `toml:"command"`
			Args       []string `toml:"args"`
			Default    bool     `toml:"default"`
			WorkingDir string   `toml:"working-dir"` // Buildpack API, launch.toml
		} `toml:"processes"`
	}
	if _, err := toml.DecodeFile(path, &launch); err != nil {
		t.Fatal(err)
	}
	web := launch.Processes[0]
	if web.WorkingDir != `/workspace/my "web"` || web.Args[0] != "working-directory = x" || len(web.Command) != 2 || !web.Default || web.Type != "web" {
		t.Errorf("got %+v", web)
	}
	if other := launch.Processes[1]; other.WorkingDir != "" || other.Default || other.Type != "other" {
		t.Errorf("got %+v", other)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v", entries, err)
	}
}
