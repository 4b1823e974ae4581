package bun

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// inApp returns a manager of an app.
func inApp(t *testing.T, contents map[string]string) *manager {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := environ.List{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	return &manager{
		env: env, log: scribe.NewEmitter(&bytes.Buffer{}), project: &modules.Project{Dir: dir},
		program: programs.Program{Manager: "bun", Version: "1.4.5", Dir: t.TempDir()},
	}
}

func TestScriptsOfTheProject(t *testing.T) {
	m := inApp(t, map[string]string{
		"package.json": `{"trustedDependencies":[],"scripts":{"postinstall":"tool-of-devDependencies","prepare":"echo > written","install":"echo > written"}}`,
	})
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.scripts(deps.Graph{}, modules.Part{Target: host, Host: host}); err != nil {
		t.Errorf("an install for the launch runs the project's scripts: %v", err)
	}
	for _, name := range []string{"install", "prepare"} {
		written := filepath.Join(m.project.Dir, "written")
		os.Remove(written)
		if err := m.Run(modules.Script{Name: name, Install: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(written); err != nil {
			t.Errorf("%s has not run: %v", name, err)
		}
	}
}
