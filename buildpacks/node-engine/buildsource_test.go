package nodeengine_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestBuildFallsBackToTheRegistry(t *testing.T) {
	f := newFixture(t)
	f.nodejs.Close()
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, layer(t, result, "node").Path, "bin/node"); got != "node 24.1.0 for linux/arm64" {
		t.Errorf("got %s", got)
	}
	build := layer(t, result, "node-build").Path
	if got := read(t, build, "bin/npm"); got != "npm of the registry" {
		t.Errorf("got %s", got)
	}
	if info, err := os.Stat(filepath.Join(build, "bin/npm")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("npm cannot be run: %v, %v", info, err)
	}
	for _, want := range []string{"nodejs.org is not used: ", "from the npm registry"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, f.log.String())
		}
	}
}

func TestBuildUsesBakedArchives(t *testing.T) {
	f := newFixture(t)
	for path, content := range f.files {
		if strings.HasPrefix(path, "/registry") {
			f.write(t, f.buildpack, "dependencies/"+strings.Replace(digest(content), ":", "-", 1), string(content))
		}
	}
	f.nodejs.Close()
	f.registry.Close()
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 0 {
		t.Errorf("it asked for %v", f.asked)
	}
	if layer(t, result, "node-build").Cache {
		t.Error("node-build is cached although unpacking it again is cheaper")
	}
}

// The build layer links to releases that are unpacked in the buildpack, which
// it must not change; the launch layer has its own files.
func TestBuildLinksToUnpackedArchives(t *testing.T) {
	for _, source := range []string{"/registry", "/dist"} {
		t.Run(source, func(t *testing.T) {
			f := newFixture(t)
			f.set("BP_NPM_REGISTRY=https://registry.invalid/")
			for path, content := range f.files {
				if strings.HasPrefix(path, source) {
					f.bakeUnpacked(t, content)
				}
			}
			f.nodejs.Close()
			f.registry.Close()
			dependencies := filepath.Join(f.buildpack, "dependencies")
			before := tree(t, dependencies)
			result, err := f.build(both())
			if err != nil {
				t.Fatal(err)
			}
			launch, build := layer(t, result, "node").Path, layer(t, result, "node-build")
			if got := tree(t, launch); !slices.Equal(got, []string{"LICENSE", "bin/node"}) || read(t, launch, "bin/node") != "node 24.1.0 for linux/arm64" {
				t.Errorf("node: got %q", got)
			}
			program, err := os.Readlink(filepath.Join(build.Path, "bin/node"))
			if err != nil || !strings.HasPrefix(program, dependencies) || read(t, build.Path, "bin/node") != "node 24.1.0 for linux/amd64" {
				t.Errorf("node-build: got the link %q, %v", program, err)
			}
			for name, want := range map[string]string{
				"include/node/node.h":               "header",
				"lib/node_modules/npm/npmrc":        "registry=\"https://registry.invalid/\"\nprefix=\"" + build.Path + "\"\n",
				"lib/node_modules/npm/package.json": "{}",
			} {
				if name == "lib/node_modules/npm/package.json" && source == "/dist" {
					continue // which the archives there do not have
				}
				if got := read(t, build.Path, name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if file, err := filepath.EvalSymlinks(filepath.Join(build.Path, "bin/npm")); err != nil || !strings.HasPrefix(file, build.Path) {
				t.Errorf("npm is at %s, %v, where it does not find its configuration", file, err)
			}
			if build.Cache {
				t.Error("node-build is cached although linking it again is cheaper")
			}
			if after := tree(t, dependencies); !slices.Equal(before, after) {
				t.Errorf("the buildpack was changed: got %q, want %q", after, before)
			}
		})
	}
}

func TestBuildNativelyDownloadsOnce(t *testing.T) {
	f := newFixture(t)
	f.host = targets.LinuxARM64
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 1 {
		t.Errorf("it asked for %v", f.asked)
	}
}

func TestBuildReadsTheNpmrcBinding(t *testing.T) {
	f := newFixture(t)
	f.set("NPM_CONFIG_REGISTRY=")
	f.set("BP_NODE_SOURCE=npm")
	f.write(t, f.platform, "bindings/registry/type", "npmrc")
	f.write(t, f.platform, "bindings/registry/.npmrc", "registry="+f.registry.URL+"/registry")
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	f.write(t, f.platform, "bindings/second/type", "npmrc")
	f.write(t, f.platform, "bindings/second/.npmrc", "")
	if _, err := f.build(both(), entry("npm", "launch")); !errors.Is(err, &failure.Failure{ID: "npmrc-binding-invalid"}) {
		t.Errorf("two: got %v", err)
	}
}

func TestBuildLeavesNodeToAnExtension(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_OPTIMIZE_MEMORY=true")
	result, err := f.build(entry("npm", "build"))
	if err != nil {
		t.Fatal(err)
	}
	node := layer(t, result, "node")
	if !node.Launch || !node.Build || node.Cache || node.SharedEnv["NODE_HOME.default"] != "" || node.SharedEnv["NODE_ENV.default"] != "production" {
		t.Errorf("got %+v", node)
	}
	if len(node.ExecD) != 1 || node.LaunchEnv["OPTIMIZE_MEMORY.default"] != "true" {
		t.Errorf("it lacks the helpers: got %v, %v", node.ExecD, node.LaunchEnv)
	}
	if len(f.asked) != 0 {
		t.Errorf("it asked for %v", f.asked)
	}
}
