package main_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

// program is the buildpack's one program, compiled, under both of its names.
func program(t *testing.T) (detect, build string) {
	t.Helper()
	dir := t.TempDir()
	detect, build = filepath.Join(dir, "detect"), filepath.Join(dir, "build")
	testprogram.Build(t, ".", "", "", build)
	if err := os.Link(build, detect); err != nil {
		t.Fatal(err)
	}
	return detect, build
}

// inventory is a buildpack.toml with one version, on a server.
func inventory(server string) string {
	text := `api = "0.10"
[buildpack]
  id = "armature/node-engine"
  name = "Test Node.js"
  version = "1.2.3"
[[metadata.lines]]
  line = 24
`
	for _, arch := range []string{"arm64", "amd64"} {
		text += `[[metadata.dependencies]]
  id = "node"
  version = "24.1.0"
  os = "linux"
  arch = "` + arch + `"
  uri = "` + server + `/node.tar.gz"
  checksum = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
`
	}
	return text
}

func place(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheExitStatus(t *testing.T) {
	detect, build := program(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	changed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("changed")) }))
	defer changed.Close()
	for _, tc := range []struct {
		name, program, server, version string
		environ                        []string
		want                           int
		says                           string
	}{
		{name: "detect", program: detect},
		{name: "a project that is not there", program: detect, environ: []string{"BP_NODE_PROJECT_PATH=web"}, want: 100, says: "BP_NODE_PROJECT_PATH"},
		{name: "a server that is down", program: build, server: closed.URL, version: "24", want: 75, says: "[node-download-failed]"},
		{name: "a version that does not exist", program: build, version: "99", want: 1, says: "[node-version-unknown]"},
		{name: "an archive that was changed", program: build, server: changed.URL, version: "24", want: 1, says: "[checksum-mismatch]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			place(t, dir, map[string]string{
				"buildpack/buildpack.toml": inventory(tc.server),
				"plan.toml":                "[[entries]]\nname = \"node\"\n[entries.metadata]\nbuild = true\nversion = \"" + tc.version + "\"\n",
				"layers/x":                 "", "platform/x": "", "app/x": "",
			})
			command := exec.Command(tc.program)
			command.Dir = filepath.Join(dir, "app")
			command.Env = append([]string{
				"CNB_BUILDPACK_DIR=" + dir + "/buildpack", "CNB_LAYERS_DIR=" + dir + "/layers", "CNB_PLATFORM_DIR=" + dir + "/platform",
				"CNB_BP_PLAN_PATH=" + dir + "/plan.toml", "CNB_BUILD_PLAN_PATH=" + dir + "/request.toml",
				"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64", "BP_NODE_SOURCE=nodejs.org",
			}, tc.environ...)
			output, err := command.CombinedOutput()
			status := 0
			var exited *exec.ExitError
			if errors.As(err, &exited) {
				status = exited.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if status != tc.want || !strings.Contains(string(output), tc.says) {
				t.Errorf("got %d, want %d and %q\n%s", status, tc.want, tc.says, output)
			}
		})
	}
}
