//go:build linux

package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/oci"
)

// The last message is the buildpack's own error, whatever the app's scripts
// print.
func TestAFailedBuildEndsWithTheBuildpacksOwnReason(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	script := plainApp(t)
	writeFiles(t, script, map[string]string{"package.json": `{"name":"bad","version":"1.0.0","scripts":{"start":"node server.js","build":"echo '===> EXPORTING'; echo '[fake-id] x'; echo 'To fix it: y'; exit 3"}}`})
	noStart := plainApp(t)
	writeFiles(t, noStart, map[string]string{"package.json": `{"name":"bad","version":"1.0.0"}`})
	if err := os.Remove(filepath.Join(noStart, "server.js")); err != nil { // which would start it
		t.Fatal(err)
	}
	foreign := plainApp(t)
	writeFiles(t, foreign, map[string]string{"project.toml": "[[build.buildpacks]]\nid = \"foreign/x\"\n[build.buildpacks.script]\napi = \"0.10\"\ninline = \"echo '[webpack-cli] so it is'; echo there is no compiler; exit 4\"\n"})
	silent := plainApp(t)
	writeFiles(t, silent, map[string]string{"project.toml": "[[build.buildpacks]]\nid = \"foreign/x\"\n[build.buildpacks.script]\napi = \"0.10\"\ninline = \"exit 75\"\n"})
	for _, tc := range []struct {
		name, app, id string
		status        int
		last          string // what the last line has
	}{
		{"a build script", script, "[build-script-failed] ", 1, "To fix it: "},
		{"a version that nobody has", plainApp(t), "[node-version-unknown] ", 1, ""},
		{"no start script", noStart, "", 1, "start script"},
		{"a buildpack without ids", foreign, "[build-failed] ", 1, "there is no compiler"},
		{"a buildpack that says nothing, and that it may pass", silent, "[build-failed] ", 75, "BP_LOG_LEVEL=DEBUG"},
	} {
		for _, how := range []string{"--progress=plain", "--quiet"} {
			args := []string{"--tag", "app-reason", how}
			if tc.id == "[node-version-unknown] " {
				args = append(args, "--env", "BP_NODE_VERSION=1.2.3")
			}
			b := u.build(tc.app, args...)
			lines := strings.Split(strings.TrimSpace(b.log), "\n")
			remedy := len(lines) - 1
			for remedy > 0 && !strings.HasPrefix(lines[remedy], "To fix it: ") {
				remedy--
			}
			cause := remedy - 1 // a list may come between
			for cause > 0 && !strings.HasPrefix(lines[cause], "[") {
				cause--
			}
			if b.status != tc.status || remedy != len(lines)-1 || cause < 0 || !strings.HasPrefix(lines[cause], tc.id) || !strings.Contains(strings.Join(lines[cause:], "\n"), tc.last) {
				t.Errorf("%s, %s: got status %d, want %d, and %q with %q at the end of\n%s", tc.name, how, b.status, tc.status, tc.id, tc.last, b.log)
			}
			if strings.Contains(b.log, "needs a package.json") {
				t.Errorf("%s, %s: it has a package.json:\n%s", tc.name, how, b.log)
			}
		}
	}
}

func TestAnImageHasTheLabelsAnnotationsAndTimeThatWereAskedFor(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app := plainApp(t)
	commit := strings.Repeat("0123456789", 4)
	writeFiles(t, app, map[string]string{
		".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl = https://x.example/y.git\n",
		// A buildpack that labels images, as armature/npm-start does.
		"project.toml": "[[build.buildpacks]]\nuri = \"from=builder\"\n[[build.buildpacks]]\nid = \"foreign/labels\"\n[build.buildpacks.script]\napi = \"0.10\"\ninline = '''\n" +
			"eval \"set -- $BP_IMAGE_LABELS\"\nfor one; do printf '[[labels]]\\nkey = \"%s\"\\nvalue = \"%s\"\\n' \"${one%%=*}\" \"${one#*=}\"; done > \"$CNB_LAYERS_DIR/launch.toml\"\n'''\n",
	})
	plain := u.must(app, "--tag", "app-plain")
	b := u.must(app, "--tag", "app-labels", "--label", "team=two words", "--annotation", "a.b=c", "--git-labels", "--creation-time", "2026-01-31T12:00:00Z")
	image, err := oci.ReadLayout(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Created.UTC().Format(time.RFC3339); got != "2026-01-31T12:00:00Z" {
		t.Errorf("created: got %s", got)
	}
	for name, want := range map[string]string{"team": "two words", "org.opencontainers.image.revision": commit, "org.opencontainers.image.source": "https://x.example/y.git"} {
		if got := config.Config.Labels[name]; got != want {
			t.Errorf("label %s: got %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"a.b": "c", "org.opencontainers.image.revision": commit} {
		if got := manifest.Annotations[name]; got != want {
			t.Errorf("annotation %s: got %q, want %q", name, got, want)
		}
	}
	if digest, err := image.Digest(); err != nil || digest.String() != b.digest {
		t.Errorf("the folder holds %s, %v, the program said %s", digest, err, b.digest)
	}
	writeFiles(t, app, map[string]string{".git/HEAD": strings.Repeat("1", 40)})
	u.env = []string{"SOURCE_DATE_EPOCH=1700000000"}
	other := u.must(app, "--tag", "app-epoch")
	if image, err = oci.ReadLayout(other.folder); err != nil {
		t.Fatal(err)
	}
	if config, err = image.ConfigFile(); err != nil || config.Created.Unix() != 1700000000 {
		t.Errorf("created: got %v, %v", config.Created, err)
	}
	if other.digest == plain.digest {
		t.Error("a time of its own makes no difference")
	}
}
