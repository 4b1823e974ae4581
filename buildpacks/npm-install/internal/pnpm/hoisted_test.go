package pnpm

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

func TestWhoIsHoisted(t *testing.T) {
	const lock = "lockfileVersion: '9.0'\nimporters:\n  .: {}\n"
	for _, tc := range []struct {
		name, version, file, npmrc, env string
		want                            bool
	}{
		{name: "nobody", version: "10.34.9"},
		{name: "the file", version: "10.34.9", file: "nodeLinker: hoisted\n", want: true},
		{name: "npmrc", version: "9.15.9", npmrc: "node-linker=hoisted\n", want: true},
		{name: "the environment", version: "9.15.9", env: "NPM_CONFIG_NODE_LINKER=hoisted", want: true},
		{name: "the file before npmrc", version: "10.34.9", file: "nodeLinker: isolated\n", npmrc: "node-linker=hoisted\n"},
		{name: "pnpm 11 reads its own variables", version: "11.28.11", env: "pnpm_config_node_linker=hoisted", want: true},
		{name: "and not npm's", version: "11.28.11", env: "npm_config_node_linker=hoisted", npmrc: "node-linker=hoisted\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"package.json": "", "pnpm-lock.yaml": lock, workspaceFile: tc.file, projectConfig: tc.npmrc} {
				write(t, filepath.Join(dir, name), text)
			}
			m := New(environ.List{"HOME=" + t.TempDir(), tc.env}, scribe.NewEmitter(&bytes.Buffer{}), programs.Request{Version: tc.version})
			if graph, found, err := m.ReadLock(dir); err != nil || !found || graph.Virtual != tc.want {
				t.Errorf("got %t, %t, %v, want %t", graph.Virtual, found, err, tc.want)
			}
		})
	}
}

// A monorepo has linked workspaces in the graph, too, and packages only on disk.
func TestScriptsOfHoistedPackages(t *testing.T) {
	dir := t.TempDir()
	for folder, manifest := range map[string]string{
		"node_modules/a":              `{"name":"a","version":"1.0.0","scripts":{"postinstall":"x"}}`,
		"packages/lib":                `{"name":"lib","version":"1.0.0"}`,
		"packages/lib/node_modules/b": `{"name":"b","version":"1.0.0"}`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, folder, "package.json"), manifest)
	}
	write(t, filepath.Join(dir, workspaceFile), "nodeLinker: hoisted\n")
	m := New(environ.List{"HOME=" + t.TempDir()}, scribe.NewEmitter(&bytes.Buffer{}), programs.Request{Version: "10.34.9"}).(*Manager)
	m.project = &modules.Project{Dir: dir, Lock: deps.Graph{Virtual: true, Packages: []deps.Package{
		{Path: "node_modules/.pnpm/a@1.0.0/node_modules/a", Name: "a", Version: "1.0.0", Optional: true}, {Path: "packages/lib", Name: "lib"},
	}}}
	tree, err := m.installed()
	if err != nil || len(tree.Packages) != 2 || tree.Packages[0].Path != "node_modules/a" || !tree.Packages[0].Optional {
		t.Errorf("got %+v, %v", tree.Packages, err)
	}
	graph, found := m.ReadInstalled(dir)
	if !found || len(graph.Packages) != 2 || graph.Packages[0].Path != "node_modules/a" || !graph.Packages[0].HasInstallScript {
		t.Errorf("got %+v, %t", graph.Packages, found)
	}
}
