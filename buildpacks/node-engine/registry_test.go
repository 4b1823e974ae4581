package nodeengine_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

const lastResort = "https://me:secret@last.example/npm/"

func TestBuildNamesTheRegistryInTheBuiltinConfiguration(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NPM_REGISTRY=" + lastResort)
	result, err := f.build(both(), entry("npm", "build", "launch"))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, layer(t, result, "node-build").Path, "lib/node_modules/npm/npmrc"); got != `registry="`+lastResort+`"`+"\n" {
		t.Errorf("got %s", got)
	}
	launch := layer(t, result, "node").Path
	if got := tree(t, launch); slices.Contains(got, "lib/node_modules/npm/npmrc") {
		t.Errorf("the app image names the build's registry: %q", got)
	}
	if strings.Contains(f.log.String(), "secret") {
		t.Errorf("the log shows the password:\n%s", f.log.String())
	}
	for _, l := range result.Layers {
		for key, value := range l.Metadata {
			if strings.Contains(fmt.Sprint(value), "secret") {
				t.Errorf("the metadata of %s shows the password: %s", l.Name, key)
			}
		}
	}
}

func TestBuildWithoutARegistryOfLastResortLeavesNPMAsItIs(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if got := tree(t, layer(t, result, "node-build").Path); slices.Contains(got, "lib/node_modules/npm/npmrc") {
		t.Errorf("got %q", got)
	}
}

func TestBuildTakesNodeFromTheRegistryOfLastResort(t *testing.T) {
	f := newFixture(t)
	f.set("NPM_CONFIG_REGISTRY=")
	f.set("BP_NODE_SOURCE=npm")
	f.set("BP_NPM_REGISTRY=" + f.registry.URL + "/registry")
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
}

func TestBuildRefusesABadRegistryOfLastResort(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NPM_REGISTRY=last.example")
	_, err := f.build(both())
	if !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) || !strings.Contains(err.Error(), "BP_NPM_REGISTRY") {
		t.Errorf("got %v", err)
	}
}

func TestBuildRefusesARegistryThatIsNoAddress(t *testing.T) {
	f := newFixture(t)
	f.set("NPM_CONFIG_REGISTRY=")
	f.write(t, f.app, ".npmrc", "registry=${COMPANY_REGISTRY}")
	_, err := f.build(both())
	if !errors.Is(err, &failure.Failure{ID: "npm-registry-invalid"}) || !strings.Contains(err.Error(), ".npmrc") {
		t.Errorf("got %v", err)
	}
}

// The real npm answers, in a copy with the built-in file that a build writes.
func TestEveryConfigurationOfNPMOverridesTheDefaultRegistry(t *testing.T) {
	program, err := filepath.EvalSymlinks(tier.Program(t, "npm"))
	if err != nil {
		t.Fatal(err)
	}
	npm := filepath.Join(t.TempDir(), "npm")
	if err := os.CopyFS(npm, os.DirFS(filepath.Join(filepath.Dir(program), ".."))); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	const last = "https://last.example/a;b/" // npm does not show one with a password
	f.set("BP_NPM_REGISTRY=" + last)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	builtin := read(t, layer(t, result, "node-build").Path, "lib/node_modules/npm/npmrc")
	f.write(t, npm, "npmrc", builtin)

	for _, tc := range []struct{ name, project, user, global, variable, want string }{
		{name: "nothing else", want: last},
		{name: "the project's file", project: "registry=https://project.example/", want: "https://project.example/"},
		{name: "the user's file", user: "registry=https://user.example/", want: "https://user.example/"},
		{name: "the global file", global: "registry=https://global.example/", want: "https://global.example/"},
		{name: "the variable", variable: "https://variable.example/", want: "https://variable.example/"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home, project, global := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "global")
			f.write(t, home, ".npmrc", tc.user)
			f.write(t, project, ".npmrc", tc.project)
			f.write(t, project, "package.json", "{}")
			f.write(t, filepath.Dir(global), "global", tc.global)
			command := exec.Command("node", filepath.Join(npm, "bin/npm-cli.js"), "config", "get", "registry", "--no-update-notifier")
			command.Dir = project
			command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "NPM_CONFIG_GLOBALCONFIG=" + global, "NPM_CONFIG_REGISTRY=" + tc.variable}
			output, err := command.Output()
			if err != nil {
				t.Fatalf("%s: %s", err, output)
			}
			if got := strings.TrimSpace(string(output)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
