//go:build linux

package integration_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFiles makes files below a folder; those in a folder bin are programs.
func writeFiles(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	for path, text := range contents {
		mode := os.FileMode(0o644)
		if filepath.Base(filepath.Dir(path)) == "bin" {
			mode = 0o755
		}
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAppsBuildpackOverridesTheBuilders(t *testing.T) {
	t.Parallel()
	app := plainApp(t)
	writeFiles(t, app, map[string]string{
		"bp/buildpack.toml": "api = \"0.10\"\n[buildpack]\nid = \"acme/greeting\"\nversion = \"0.0.1\"\n[[targets]]\n",
		"bp/bin/detect":     "#!/bin/sh\nexit 0\n",
		"bp/bin/build":      "#!/bin/sh\nset -e\nmkdir \"$1/words\"\necho \"$CNB_BUILDPACK_DIR\" >\"$1/words/from\"\nprintf '[types]\\nlaunch = true\\n' >\"$1/words.toml\"\n",
		"project.toml":      "[_]\nschema-version = \"0.2\"\n[[io.buildpacks.group]]\nuri = \"bp\"\n[[io.buildpacks.group]]\nuri = \"from=builder\"\n",
	})
	u := newUser(t, 0)
	owners := func(b built) (owners []string) {
		for _, layer := range described(t, b.folder).Layers {
			owners = append(owners, layer.Owner)
		}
		return owners
	}
	own := u.must(app, "--tag", "greeting")
	if got := owners(own); !slices.Contains(got, "acme/greeting:words") || !slices.Contains(got, "armature/node-engine:node") {
		t.Errorf("got %q\n%s", got, own.log)
	}
	if first, second := strings.Index(own.log, "acme/greeting "), strings.Index(own.log, "armature/node-engine "); first < 0 || second < first {
		t.Errorf("want acme/greeting first in\n%s", own.log)
	}
	flags := u.must(app, "--tag", "greeting-by-flag", "--buildpack", filepath.Join(app, "bp"), "--buildpack", "from=builder")
	if flags.digest != own.digest {
		t.Errorf("named by flags: got %s, want %s", flags.digest, own.digest)
	}
	unknown := u.build(app, "--tag", "greeting", "--buildpack", "armature/unknown")
	if unknown.status != 1 || !strings.Contains(unknown.log, "[buildpack-not-found]") || !strings.Contains(unknown.log, "armature/node-engine@") {
		t.Errorf("got status %d\n%s", unknown.status, unknown.log)
	}
}

// npm-start sees only the processes of earlier buildpacks.
func TestAProcessForBashOfALaterBuildpackIsRefusedWithoutOne(t *testing.T) {
	t.Parallel()
	app := plainApp(t)
	writeFiles(t, app, map[string]string{
		"bp/buildpack.toml": "api = \"0.8\"\n[buildpack]\nid = \"acme/worker\"\nversion = \"0.0.1\"\n[[stacks]]\nid = \"*\"\n",
		"bp/bin/detect":     "#!/bin/sh\nexit 0\n",
		"bp/bin/build":      "#!/bin/sh\nprintf '[[processes]]\\ntype = \"worker\"\\ncommand = \"node server.js\"\\n' >\"$1/launch.toml\"\n",
	})
	u := newUser(t, 0)
	platform := host(t)
	args := []string{"--platform", platform.String(), "--buildpack", "from=builder", "--buildpack", filepath.Join(app, "bp")}
	tiny := []string{"--run-image", filepath.Join(made.stack, "run-tiny-"+platform.Arch)}
	u.must(app, append(args, "--tag", "worker")...) // this run image has bash
	b := u.build(app, slices.Concat(args, tiny, []string{"--tag", "worker-tiny"})...)
	b.wantFailure(t, "bash-missing", "with a run image that has bash")
	if !strings.Contains(b.log, "worker (of acme/worker)") || b.folder != "" {
		t.Errorf("got %q\n%s", b.folder, b.log)
	}
	warned := u.must(app, slices.Concat(args, tiny, []string{"--tag", "worker-warned", "--env", "BP_NODE_START_CHECK=warn"})...)
	if !strings.Contains(warned.log, "[bash-missing] ") {
		t.Errorf("got\n%s", warned.log)
	}
}
