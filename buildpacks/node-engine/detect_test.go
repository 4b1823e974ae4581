package nodeengine_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

// asked is the plan as the lifecycle reads it: every requirement of the first
// alternative as "<name> <version> <source>".
func asked(t *testing.T, plan packit.BuildPlan) []string {
	t.Helper()
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(plan); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Requires []struct {
			Name     string
			Metadata map[string]any
		}
	}
	if _, err := toml.Decode(text.String(), &doc); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range doc.Requires {
		if len(r.Metadata) != 2 {
			t.Errorf("got the metadata %v, want version and version-source only", r.Metadata)
		}
		lines = append(lines, strings.Join([]string{r.Name, r.Metadata["version"].(string), r.Metadata["version-source"].(string)}, " "))
	}
	return lines
}

func provided(provisions []packit.BuildPlanProvision) string {
	var names []string
	for _, p := range provisions {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func TestDetectProvidesNodeOrNodeAndNPM(t *testing.T) {
	result, err := newFixture(t).detect()
	if err != nil {
		t.Fatal(err)
	}
	if got := provided(result.Plan.Provides); got != "node" {
		t.Errorf("first: got %s", got)
	}
	if len(result.Plan.Or) != 1 || provided(result.Plan.Or[0].Provides) != "node npm" {
		t.Errorf("second: got %+v", result.Plan.Or)
	}
	if len(result.Plan.Requires) != 0 || len(result.Plan.Or[0].Requires) != 0 {
		t.Errorf("it requires something: %+v", result.Plan)
	}
}

func TestDetectRequires(t *testing.T) {
	for _, tc := range []struct {
		name, nvmrc, nodeVersion, variable string
		manifest, mise, asdf               string
		want                               []string
		warning                            bool
	}{
		{name: "a version from .nvmrc", nvmrc: "22.1.0\n", want: []string{"node 22.1.0 .nvmrc"}},
		{name: "a version with v", nvmrc: "v22", want: []string{"node 22 .nvmrc"}},
		{name: "a version in upper case", nvmrc: "V22.X", want: []string{"node 22.x .nvmrc"}},
		{name: "a range", nvmrc: ">=20 <23", want: []string{"node >=20 <23 .nvmrc"}},
		{name: "any version", nvmrc: "node", want: []string{"node * .nvmrc"}},
		{name: "the newest LTS line", nvmrc: "lts/*", want: []string{"node 24.* .nvmrc"}},
		{name: "a codename", nvmrc: "lts/Jod", want: []string{"node 22.* .nvmrc"}},
		{name: "the LTS line before", nvmrc: "lts/-1", want: []string{"node 22.* .nvmrc"}},
		{name: "the newest line", nvmrc: "current", want: []string{"node 26.* .nvmrc"}},
		{name: "the latest", nvmrc: "latest", want: []string{"node 26.* .nvmrc"}},
		{name: "stable", nvmrc: "stable", want: []string{"node 24.* .nvmrc"}},
		{name: "a version among comments and blank lines", nvmrc: "\ufeff# ours\n\n  22 # since May\r\n24\n", want: []string{"node 22 .nvmrc"}},
		{name: "nothing from an empty .nvmrc", nvmrc: " \n# nothing\n"},
		{name: "a version from .node-version", nodeVersion: "v22.1.0", want: []string{"node 22.1.0 .node-version"}},
		{name: "nothing from an empty .node-version", nodeVersion: "\n"},
		{name: "a version from the variable, unchecked", variable: "anything", want: []string{"node anything BP_NODE_VERSION"}},
		{
			name: "all three, in this order", nvmrc: "24", variable: "22", nodeVersion: "20",
			want: []string{"node 24 .nvmrc", "node 22 BP_NODE_VERSION", "node 20 .node-version"},
		},
		{name: "a version from volta", manifest: `{"volta":{"node":"22.1.0"}}`, want: []string{"node 22.1.0 package.json volta.node"}},
		{name: "a range from devEngines", manifest: `{"devEngines":{"runtime":[{"name":"bun"},{"name":"node","version":"^22.0.0"}]}}`, want: []string{"node ^22.0.0 package.json devEngines.runtime"}},
		{name: "nothing from devEngines for another runtime", manifest: `{"devEngines":{"runtime":{"name":"deno","version":"2"}}}`},
		{name: "a version from mise.toml", mise: "[tools]\nnode = \"22\"\n", want: []string{"node 22 mise.toml"}},
		{name: "a version from .tool-versions", asdf: "ruby 3.3\nnodejs 22.1.0 20.1.0\n", want: []string{"node 22.1.0 .tool-versions"}},
		{name: "an alias from .tool-versions", asdf: "nodejs lts-jod", want: []string{"node 22.* .tool-versions"}},
		{
			name: "all there are, in this order", nvmrc: "26", variable: "24", nodeVersion: "22", mise: "tools.node = \"20\"", asdf: "node 20.1",
			manifest: `{"engines":{"node":"24"},"devEngines":{"runtime":{"name":"node","version":">=20"}},"volta":{"node":"20.1.0"}}`,
			want: []string{
				"node 26 .nvmrc", "node 24 BP_NODE_VERSION", "node 22 .node-version", "node 20.1.0 package.json volta.node",
				"node >=20 package.json devEngines.runtime", "node 20 mise.toml", "node 20.1 .tool-versions",
			},
		},
		{name: "nothing from a .tool-versions that leaves it to the machine", asdf: "nodejs system", warning: true},
		{name: "not what a bad .tool-versions says when .nvmrc decides", nvmrc: "22", asdf: "nodejs newest", want: []string{"node 22 .nvmrc"}, warning: true},
		{name: "not what a bad mise.toml says when the variable decides", variable: "22", mise: "[tools", want: []string{"node 22 BP_NODE_VERSION"}, warning: true},
		{name: "not what a bad volta says when package.json decides", manifest: `{"engines":{"node":"22"},"volta":{"node":"newest"}}`, warning: true},
		{name: "not what a bad .nvmrc says when the variable decides", nvmrc: "newest", variable: "22", want: []string{"node 22 BP_NODE_VERSION"}, warning: true},
		{name: "not what a bad .nvmrc says when package.json decides", nvmrc: "newest", manifest: `{"engines":{"node":"22"}}`, warning: true},
		{name: "not what a bad .node-version says when .nvmrc decides", nvmrc: "22", nodeVersion: "lts/*", want: []string{"node 22 .nvmrc"}, warning: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			for name, text := range map[string]string{".nvmrc": tc.nvmrc, ".node-version": tc.nodeVersion, "package.json": tc.manifest, "mise.toml": tc.mise, ".tool-versions": tc.asdf} {
				if text != "" {
					f.write(t, f.app, name, text)
				}
			}
			if tc.variable != "" {
				f.set("BP_NODE_VERSION=" + tc.variable)
			}
			result, err := f.detect()
			if err != nil {
				t.Fatal(err)
			}
			for _, plan := range append(result.Plan.Or, result.Plan) {
				if got := asked(t, plan); strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			}
			if warned := strings.Contains(f.log.String(), "WARNING"); warned != tc.warning {
				t.Errorf("warning: got %v, want %v\n%s", warned, tc.warning, f.log.String())
			}
		})
	}
}

func TestDetectRefusesABadFileThatWouldDecide(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{name: "a word in .nvmrc", file: ".nvmrc", text: "newest", want: `invalid version constraint specified in .nvmrc: "newest"`},
		{name: "a codename that nobody knows", file: ".nvmrc", text: "lts/nobody", want: `"lts/nobody"`},
		{name: "an alias in .node-version", file: ".node-version", text: "lts/*", want: "aliases work in .nvmrc"},
		{name: "a word in .tool-versions", file: ".tool-versions", text: "nodejs newest", want: `invalid version constraint specified in .tool-versions: "newest"`},
		{name: "a tool without a version", file: ".tool-versions", text: "nodejs # later", want: "a version behind nodejs"},
		{name: "a word in mise.toml", file: "mise.toml", text: "tools.node = \"newest\"", want: `invalid version constraint specified in mise.toml: "newest"`},
		{name: "a number in mise.toml", file: "mise.toml", text: "tools.node = 24", want: "node = \"24\""},
		{name: "a mise.toml that is not TOML", file: "mise.toml", text: "[tools", want: "mise.toml is not TOML"},
		{name: "a word in .node-version", file: ".node-version", text: "node", want: `invalid version constraint specified in .node-version: "node"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.write(t, f.app, tc.file, tc.text)
			f.write(t, f.app, "package.json", `{"name":"app"}`)
			_, err := f.detect()
			if !errors.Is(err, &failure.Failure{ID: "node-version-invalid"}) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestDetectLooksIntoTheProject(t *testing.T) {
	f := newFixture(t)
	f.write(t, f.app, ".nvmrc", "20")
	f.write(t, f.app, "web/.nvmrc", "22")
	f.set("BP_NODE_PROJECT_PATH=web")
	result, err := f.detect()
	if err != nil {
		t.Fatal(err)
	}
	if got := asked(t, result.Plan); len(got) != 1 || got[0] != "node 22 .nvmrc" {
		t.Errorf("got %q", got)
	}
}

func TestDetectReadsTheRootOfAWorkspaceThatSaysNothing(t *testing.T) {
	for own, want := range map[string]string{"": "node 20 .nvmrc", "22": "node 22 .node-version"} {
		f := newFixture(t)
		f.write(t, f.app, ".nvmrc", "20")
		f.write(t, f.app, "package.json", `{"workspaces":["packages/*"]}`)
		f.write(t, f.app, "packages/web/package.json", `{"name":"web"}`)
		if own != "" {
			f.write(t, f.app, "packages/web/.node-version", own)
		}
		f.set("BP_NODE_PROJECT_PATH=packages/web")
		result, err := f.detect()
		if err != nil {
			t.Fatal(err)
		}
		if got := asked(t, result.Plan); len(got) != 1 || got[0] != want {
			t.Errorf("with %q of its own: got %q, want %q", own, got, want)
		}
	}
}

func TestDetectFailsWithoutTheProject(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_PROJECT_PATH=web")
	_, err := f.detect()
	if reflect.TypeOf(err) != reflect.TypeOf(packit.Fail) { // packit chooses the exit status by the type
		t.Errorf("got %v, want packit's Fail, which exits with 100", err)
	}
	if err == nil || !strings.Contains(err.Error(), "BP_NODE_PROJECT_PATH") || !strings.Contains(err.Error(), "web") {
		t.Errorf("it does not name the variable and the path: %v", err)
	}
}

func TestDetectSaysWhatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	if err := os.Mkdir(f.app+"/.nvmrc", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := f.detect(); err == nil || !strings.Contains(err.Error(), ".nvmrc") {
		t.Errorf("got %v", err)
	}
}
