package nodeengine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An unreadable file is an error, and does not count as missing.
func TestBuildSaysWhatItCannotRead(t *testing.T) {
	archived := func(files ...string) func(f *fixture) {
		return func(f *fixture) {
			const path = "/dist/v24.1.0/node-v24.1.0-linux-x64.tar.gz"
			before := f.files[path]
			replaceChecksum(t, f, before, f.put(t, path, append(files, "node/LICENSE=license", "node/bin/node=node")...))
		}
	}
	for _, tc := range []struct {
		name, want, environ string
		spoil               func(f *fixture)
	}{
		{name: "a setting for memory", want: "BP_NODE_OPTIMIZE_MEMORY", environ: "BP_NODE_OPTIMIZE_MEMORY=maybe"},
		{name: "a setting for strictness", want: "BP_NODE_VERSION_STRICT", environ: "BP_NODE_VERSION_STRICT=maybe"},
		{name: "a setting for bills of materials", want: "BP_DISABLE_SBOM", environ: "BP_DISABLE_SBOM=maybe"},
		{name: "a setting for npm", want: "BP_NODE_INCLUDE_NPM", environ: "BP_NODE_INCLUDE_NPM=maybe"},
		{name: "the folder of the project", want: "nowhere", environ: "BP_NODE_PROJECT_PATH=nowhere"},
		{name: "the inventory", want: "buildpack.toml", spoil: func(f *fixture) { f.write(t, f.buildpack, "buildpack.toml", "[") }},
		{name: "the buildpacks of the group", want: "group.toml", spoil: func(f *fixture) { f.write(t, filepath.Dir(f.layers), "group.toml", "[") }},
		{name: "a helper", want: "reading a helper of the buildpack", spoil: func(f *fixture) { os.RemoveAll(filepath.Join(f.buildpack, "bin")) }},
		{name: "a helper that is a folder", want: "is a directory", spoil: func(f *fixture) {
			helper := filepath.Join(f.buildpack, "bin/linux-arm64/node-options")
			if err := errors.Join(os.Remove(helper), os.Mkdir(helper, 0o755)); err != nil {
				t.Error(err)
			}
		}},
		{name: "the layer of the last build", want: "failed to parse layer content metadata", spoil: func(f *fixture) { f.write(t, f.layers, "node.toml", "[") }},
		{name: "the bindings", want: "service-binding-invalid", spoil: func(f *fixture) { f.write(t, f.platform, "bindings/x/type/folder", "") }},
		{name: "a mirror of a binding", want: "reading default of the binding x", spoil: func(f *fixture) {
			f.write(t, f.platform, "bindings/x/type", "dependency-mirror")
			f.write(t, f.platform, "bindings/x/default/folder", "")
		}},
		{name: "two npmrc bindings", want: "npmrc", spoil: func(f *fixture) {
			for _, name := range []string{"one", "two"} {
				f.write(t, f.platform, "bindings/"+name+"/type", "npmrc")
				f.write(t, f.platform, "bindings/"+name+"/.npmrc", "a=b")
			}
		}},
		{name: "unpacked npm", want: "installing Node.js 24.1.0 into the layer node-build", spoil: func(f *fixture) {
			for path, content := range f.files {
				if strings.HasPrefix(path, "/dist") {
					f.bakeUnpacked(t, content)
				}
			}
			found, _ := filepath.Glob(filepath.Join(f.buildpack, "dependencies/*/lib/node_modules/npm/bin/npx-cli.js"))
			if len(found) == 0 {
				t.Error("nothing is unpacked")
			}
			for _, program := range found {
				os.Remove(program)
			}
		}},
		{name: "the archive's npm", want: "installing Node.js 24.1.0 into the layer node-build", spoil: archived()},
		{name: "the place of npm's configuration", want: "npmrc: is a directory", environ: "BP_NPM_REGISTRY=https://last.example/",
			spoil: archived("node/include/node.h=header", "node/lib/node_modules/npm/bin/npm-cli.js=npm", "node/lib/node_modules/npm/bin/npx-cli.js=npx", "node/lib/node_modules/npm/npmrc/x=y")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			if tc.environ != "" {
				f.set(tc.environ)
			}
			if tc.spoil != nil {
				tc.spoil(f)
			}
			if _, err := f.build(both()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			for _, name := range []string{"node", "node-build"} {
				if _, err := os.Lstat(filepath.Join(f.layers, name)); err == nil {
					t.Errorf("%s is left behind", name)
				}
			}
		})
	}
}
