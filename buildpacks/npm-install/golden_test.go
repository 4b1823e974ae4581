package npminstall_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
)

// answering is a program npm of fixed versions, which the key of a layer depends
// on. It makes one package.
const answering = `#!/bin/sh
case "$1" in
version) echo '{"npm":"11.6.2","node":"24.12.0","modules":"137","napi":"10"}' ;;
ci | rebuild) mkdir -p node_modules/a && echo '{"name":"a","version":"1.0.0","scripts":{"postinstall":"node a.js"}}' >node_modules/a/package.json ;;
run) if [ "$2" = env ]; then exec env -0; fi; mkdir -p node_modules/.made && echo 1 >node_modules/.made/a.js ;;
config) echo ;;
list) ;;
esac
`

// installedByNPM is for tests whose npm is a script.
const installedByNPM = "BP_NODE_INSTALLER=npm"

// Layers of the versions before are used again: what stands in testdata/layers,
// the keys above all, is what version 0.1.0 of the buildpack made of the same
// apps, for each of the targets.
func TestLayersAreWhatTheyWere(t *testing.T) {
	app := files{
		"package.json": `{"name":"app","version":"1.0.0","workspaces":["web","lib"],"devDependencies":{"d":"1"}}`,
		"package-lock.json": `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","workspaces":["web","lib"],"devDependencies":{"d":"1"}},` +
			`"node_modules/a":{"version":"1.0.0","license":"MIT"},"node_modules/d":{"version":"2.0.0","dev":true},"node_modules/web":{"resolved":"web","link":true},` +
			`"node_modules/lib":{"resolved":"lib","link":true},"web":{"version":"1.0.0","dependencies":{"a":"1","lib":"*"}},"lib":{"version":"1.0.0"}}}`,
		".npmrc":           "save-exact=true\n//r.example.com/:_authToken=secret\n",
		"web/package.json": `{"name":"web","version":"1.0.0","dependencies":{"a":"1","lib":"*"}}`,
		"lib/package.json": `{"name":"lib","version":"1.0.0"}`,
	}
	host := hostTarget(t).Arch
	relinked := wants(map[string]any{"build": true, "launch": true, "relinks": true})
	script := files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"build":"x"}}`}
	for _, tc := range []struct {
		name   string
		plan   packit.BuildpackPlan
		env    []string
		change files
	}{
		{"lockfile", relinked, []string{"BP_NODE_MODULES_CHECK=off"}, nil},
		{"any-target", relinked, nil, nil},
		{"workspace", relinked, []string{"BP_NODE_PROJECT_PATH=web", "NODE_ENV=development", "NPM_CONFIG_OMIT=optional", "BP_LOG_LEVEL=DEBUG"}, nil},
		{"helper", wants(map[string]any{"build": true, "launch": true}), []string{"NODE_OPTIONS=--no-warnings"}, nil},
		{"vendored", relinked, nil, files{"node_modules/a/index.js": "1\n"}},
		{"script", launchOnly, nil, script},
		{"no-modules", relinked, []string{"BP_NODE_KEEP_MODULES=false"}, script},
		{"script-that-reads", launchOnly, nil, files{"package-lock.json": strings.Replace(app["package-lock.json"], `"MIT"`, `"MIT","hasInstallScript":true`, 1)}},
	} {
		t.Run(tc.name+"-"+host, func(t *testing.T) {
			t.Chdir(t.TempDir())
			writeFiles(t, "bin", files{"npm": answering, "node": "#!/bin/sh\n"})
			bin, err := filepath.Abs("bin")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chmod("bin/npm", 0o755), os.Chmod("bin/node", 0o755)); err != nil {
				t.Fatal(err)
			}
			writeFiles(t, "home", files{".npmrc": "fund=false\n"})
			if err := os.Mkdir("layers", 0o755); err != nil {
				t.Fatal(err)
			}
			env := append(environ.List{installedByNPM, "PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=home", "CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=" + host}, tc.env...)
			var said strings.Builder
			for _, title := range []string{"the first build", "the second build"} {
				if err := os.RemoveAll("app"); err != nil {
					t.Fatal(err)
				}
				writeFiles(t, "app", app)
				writeFiles(t, "app", tc.change)
				fmt.Fprintf(&said, "== %s\n%s", title, described(t, env, tc.plan))
			}
			golden(t, filepath.Join(before, "testdata/layers", tc.name+"-"+host+".txt"), said.String())
		})
	}
}

// described builds in the working directory, leaves the metadata of the layers for
// the next build, and tells all that was made.
func described(t *testing.T, env environ.List, plan packit.BuildpackPlan) string {
	t.Helper()
	var text bytes.Buffer
	result, err := npminstall.Build(env, scribe.NewEmitter(&text).WithLevel(env.Get("BP_LOG_LEVEL")))(packit.BuildContext{
		WorkingDir: "app", CNBPath: "/cnb", Layers: packit.Layers{Path: "layers"}, Plan: plan,
		BuildpackInfo: packit.BuildpackInfo{ID: "armature/npm-install", Name: "Armature", Version: "0.1.0", SBOMFormats: []string{"application/vnd.cyclonedx+json"}},
		TargetDistro:  packit.TargetDistro{Name: "debian", Version: "13"},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	for _, layer := range result.Layers {
		var metadata bytes.Buffer
		if err := toml.NewEncoder(&metadata).Encode(map[string]any{"metadata": layer.Metadata}); err != nil {
			t.Fatal(err)
		}
		writeFiles(t, "layers", files{layer.Name + ".toml": metadata.String()})
		fmt.Fprintf(&text, "-- %s: launch %t, build %t, cache %t\n%s", layer.Name, layer.Launch, layer.Build, layer.Cache, metadata.String())
		fmt.Fprintf(&text, "build %v, launch %v, at launch %v\n", layer.BuildEnv, layer.LaunchEnv, layer.ExecD)
		if layer.SBOM == nil {
			continue
		}
		for _, format := range layer.SBOM.Formats() {
			content, err := io.ReadAll(format.Content)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "%s %x\n", format.Extension, sha256.Sum256(content))
		}
	}
	for _, dir := range []string{"app", "layers"} {
		fmt.Fprintf(&text, "-- %s\n", dir)
		tree := treeOf(t, dir)
		for _, path := range slices.Sorted(maps.Keys(tree)) {
			fmt.Fprintf(&text, "%s %.1s %.8x\n", path, tree[path], sha256.Sum256([]byte(tree[path][10:])))
		}
	}
	return regexp.MustCompile(`Completed in .*`).ReplaceAllString(text.String(), "Completed")
}

// before is the folder that the tests of this package begin in.
var before, _ = os.Getwd()
