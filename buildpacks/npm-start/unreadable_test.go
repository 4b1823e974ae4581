package npmstart_test

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// An unreadable file is an error, and does not count as missing.
func TestBuildSaysWhatItCannotRead(t *testing.T) {
	for _, tc := range []struct {
		name, want, variable, value string
		environ                     string
		script                      string            // in place of a plain command
		spoil                       func(root string) // contains app, layers/npm-start and buildpack
	}{
		{name: "nothing"},
		{name: "the project's folder", want: "nowhere", variable: "BP_NODE_PROJECT_PATH", value: "nowhere"},
		{name: "a target that there is not", want: "riscv64", variable: "CNB_TARGET_ARCH", value: "riscv64"},
		{name: "a setting", want: "BP_NODE_START_CHECK", variable: "BP_NODE_START_CHECK", value: "maybe"},
		{name: "a label", want: "BP_IMAGE_LABELS", variable: "BP_IMAGE_LABELS", value: "'"},
		{name: "a variable for the app", want: "BPE_1", environ: "BPE_1=x"},
		{name: "the run image, for what needs a shell", want: "reading the run image's id", script: "a && b", spoil: func(root string) { write(t, root+"/layers/analyzed.toml", "[") }},
		{name: "the run image, for what needs bash", want: "reading the run image's id", spoil: func(root string) { write(t, root+"/layers/analyzed.toml", "[") }},
		{name: "a run image that is a folder", want: "looking for the run image's id", spoil: func(root string) { write(t, root+"/layers/analyzed.toml/x", "") }},
		{name: "processes of another buildpack's", want: "reading the processes of another buildpack", spoil: func(root string) {
			write(t, root+"/layers/analyzed.toml", "[run-image.target]\nid = \"x/tiny\"\n")
			write(t, root+"/layers/other/launch.toml", "[")
		}},
		{name: "where the modules' links lead", want: "reading the links into a layer", variable: nodemodules.LaunchLayerVariable, value: "/launch", spoil: func(root string) { os.Symlink("/modules/node_modules", root+"/app/node_modules") }},
		{name: "the supervisor", want: "the buildpack has no supervisor for linux/arm64", spoil: func(root string) { os.RemoveAll(root + "/buildpack/bin") }},
		{name: "a supervisor that is a folder", want: "reading the supervisor", spoil: func(root string) {
			os.Remove(root + "/buildpack/bin/linux-arm64/supervisor")
			os.Mkdir(root+"/buildpack/bin/linux-arm64/supervisor", 0o755)
		}},
		{name: "the other buildpacks", want: "group.toml", spoil: func(root string) { write(t, root+"/layers/group.toml", "[") }},
		{name: "the lockfile", want: "package-lock.json", spoil: func(root string) { write(t, root+"/app/package-lock.json", "{") }},
		{name: "the supervisor's layer", want: "failed to parse layer content metadata", spoil: func(root string) { write(t, root+"/layers/npm-start/supervisor.toml", "[") }},
		{name: "the environment's layer", want: "failed to parse layer content metadata", spoil: func(root string) { write(t, root+"/layers/npm-start/environment.toml", "[") }},
		{name: "the variables' layer", want: "failed to parse layer content metadata", spoil: func(root string) { write(t, root+"/layers/npm-start/variables.toml", "[") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root+"/app/package.json", `{"name":"app","scripts":{"start":"`+cmp.Or(tc.script, "node a.js")+`"}}`)
			write(t, root+"/app/a.js", "")
			write(t, root+"/buildpack/bin/linux-arm64/supervisor", "")
			write(t, root+"/layers/npm-start/x", "")
			env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64", "BPE_A": "b"}
			if tc.variable != "" {
				env[tc.variable] = tc.value
			}
			if tc.spoil != nil {
				tc.spoil(root)
			}
			_, err := npmstart.Build(environOf(env, "BPE_A=b", tc.environ), scribe.NewEmitter(&bytes.Buffer{}))(packit.BuildContext{
				WorkingDir: root + "/app", CNBPath: root + "/buildpack", Layers: packit.Layers{Path: filepath.Join(root, "layers/npm-start")},
			})
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
