package pnpm

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// inApp returns a manager of an app, whose pnpm is a script that writes $CI to a
// file.
func inApp(t *testing.T, manifest string) *Manager {
	t.Helper()
	node, dir, layer := tier.Program(t, "node"), t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "package.json"), manifest)
	program := filepath.Join(layer, "pnpm")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho CI=$CI > written\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	log := scribe.NewEmitter(&bytes.Buffer{})
	env := environ.List{"PATH=" + filepath.Dir(node) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	m := &Manager{env: env, log: log, project: &modules.Project{Dir: dir}}
	var err error
	m.pnpm, err = newPNPM(env, log, programs.Program{Manager: "pnpm", Version: "10.34.9", Argv: []string{program}, Dir: layer}, &modules.Downloads{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestScriptsOfTheProject(t *testing.T) {
	m := inApp(t, `{"scripts":{"prepare":"echo CI=$CI > written","postinstall":"echo CI=$CI > written","build":"x"}}`)
	pkg, err := packagejson.Read(m.project.Dir)
	if err != nil {
		t.Fatal(err)
	}
	script := func(name string, install bool) func() error {
		return func() error { return m.Run(modules.Script{Package: pkg, Name: name, Install: install}) }
	}
	for _, tc := range []struct {
		name string
		run  func() error
		want string
	}{
		{"prepare", script("prepare", true), "CI=\n"},
		{"postinstall", script("postinstall", true), "CI=\n"},
		{"a build script", script("build", false), "CI=\n"},
		{"pnpm's own install", func() error { return m.pnpm.run(m.project.Dir, "install") }, "CI=1\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			written := filepath.Join(m.project.Dir, "written")
			os.Remove(written)
			if err := tc.run(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(written); string(got) != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}
