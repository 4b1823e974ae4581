//go:build linux

package integration_test

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/oci"
)

const lifecycleModule = "github.com/buildpacks/lifecycle"

// inModule runs the go command in the lifecycle's module.
func inModule(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = "../../tools/lifecycle/module", append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go %q: %v\n%s", args, err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// launchImage returns the run image for this host with the fixtures of the
// lifecycle's acceptance tests: their buildpacks' layers, app and exec.d
// programs, and the launcher of app images.
func launchImage(t *testing.T) string {
	t.Helper()
	fixtures := filepath.Join(inModule(t, nil, "list", "-m", "-f", "{{.Dir}}", lifecycleModule), "acceptance/testdata/launcher")
	var files []oci.File
	addFolder := func(name string) {
		files = append(files, oci.File{Path: name, Type: tar.TypeDir, Mode: 0o755, UID: 1001, GID: 1000})
	}
	addFile := func(name string, mode int64, content []byte) {
		files = append(files, oci.File{Path: name, Type: tar.TypeReg, Mode: mode, Content: content, UID: 1001, GID: 1000})
	}
	container := filepath.Join(fixtures, "linux/container")
	err := filepath.WalkDir(container, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(container, path)
		switch {
		case err != nil || name == "." || entry.Name() == ".gitkeep":
			return err
		case entry.IsDir():
			addFolder(name)
			return nil
		}
		content, err := os.ReadFile(path)
		addFile(name, 0o755, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	to := host(t)
	helper := filepath.Join(t.TempDir(), "helper")
	inModule(t, []string{"CGO_ENABLED=0", "GOOS=" + to.OS, "GOARCH=" + to.Arch}, "build", "-o", helper, lifecycleModule+"/acceptance/testdata/launcher/exec.d")
	program := []byte(read(t, helper))
	addFile("layers/0.9_buildpack/some_layer/exec.d/helper", 0o755, program)
	addFile("layers/0.9_buildpack/some_layer/exec.d/exec.d-checker/helper", 0o755, program)
	for _, folder := range []string{"cnb", "cnb/lifecycle", "cnb/process"} {
		addFolder(folder)
	}
	addFile("cnb/lifecycle/launcher", 0o755, launcherOf(t, layoutImage(t, filepath.Join(made.builders, to.Dashed()+"-on-"+to.Dashed()), to)))
	for _, process := range []string{"web", "direct-process", "indirect-process-with-args", "indirect-process-with-script", "profile-checker", "exec.d-checker", "worker", "process.with.period"} {
		files = append(files, oci.File{Path: "cnb/process/" + process, Type: tar.TypeSymlink, Mode: 0o777, Link: "/cnb/lifecycle/launcher"})
	}
	layer, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), files)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(layoutImage(t, filepath.Join(made.stack, "run-"+to.Arch), to), layer)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Config.Entrypoint, config.Config.WorkingDir = []string{"/cnb/lifecycle/launcher"}, "/workspace"
	config.Config.Env = []string{"PATH=/cnb/process:/cnb/lifecycle:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "image")
	if err := oci.WriteLayout(dir, image); err != nil {
		t.Fatal(err)
	}
	return dir
}

// launcherOf is the launcher that a builder puts into images.
func launcherOf(t *testing.T, builder v1.Image) []byte {
	t.Helper()
	layers, err := builder.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers[1:] { // the first is the build image's
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		for archive := tar.NewReader(content); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimPrefix(header.Name, "/") == "cnb/lifecycle/launcher" {
				program, err := io.ReadAll(archive)
				if err != nil {
					t.Fatal(err)
				}
				return program
			}
		}
	}
	t.Fatal("the builder has no launcher")
	return nil
}

// The lifecycle's acceptance tests of its launcher use another image; the same
// calls must work on ours.
func TestTheRunImageLaunchesWhatTheLifecycleDoes(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	image := launchImage(t)
	const profiles = "sourced bp profile\nsourced app profile\n"
	for _, tc := range []struct {
		name       string
		entrypoint string
		env        []string
		args       []string
		want       []string // parts of the output
		absent     string
		status     int
	}{
		{name: "programs of exec.d run before profiles and set variables", entrypoint: "exec.d-checker", env: []string{"VAR_FROM_EXEC_D=orig-val"}, want: []string{
			"/layers/0.9_buildpack/some_layer/exec.d/helper was executed\nExec.d Working Dir: /workspace\n" +
				"/layers/0.9_buildpack/some_layer/exec.d/exec.d-checker/helper was executed\nExec.d Working Dir: /workspace\n" + profiles +
				"VAR_FROM_EXEC_D: orig-val:val-from-exec.d:val-from-exec.d-for-process-type-exec.d-checker"}},
		{name: "a process as the entrypoint", entrypoint: "web", want: []string{"Executing web process-type"}},
		{name: "a process with a period in its name", entrypoint: "process.with.period", want: []string{"Executing process.with.period process-type"}},
		{name: "arguments after the process's own", entrypoint: "web", args: []string{"with user provided args"}, want: []string{"Executing web process-type with user provided args"}},
		{name: "a direct process", entrypoint: "direct-process", want: []string{"Executing direct-process process-type"}, absent: "sourced"},
		{name: "an indirect process with arguments", entrypoint: "indirect-process-with-args", env: []string{"VAR1=one", "VAR2=two words"}, want: []string{profiles + "'one' 'two words'"}},
		{name: "an indirect process that is a script", entrypoint: "indirect-process-with-script", env: []string{"VAR1=one", "VAR2=two words"}, want: []string{profiles + "'one' 'two words'"}},
		{name: "a variable of the app's .profile", entrypoint: "profile-checker", want: []string{"sourced bp profile-checker profile", "val-from-profile"}},
		{name: "a variable of one process", entrypoint: "worker", want: []string{"worker-process-val"}},
		{name: "the launcher, and a program after --", entrypoint: "/cnb/lifecycle/launcher", args: []string{"--", "env"}, want: []string{"SOME_VAR=some-bp-val", "OTHER_VAR=other-bp-val"}},
		{name: "a default process that is named by a variable", env: []string{"CNB_PROCESS_TYPE=direct-process", "CNB_NO_COLOR=true"}, status: 82,
			want: []string{"Run with ENTRYPOINT 'direct-process'", "when there is no default process a command is required"}},
		{name: "a command in a shell", args: []string{"echo", "something"}, want: []string{profiles + "something"}},
		{name: "variables of layers in a shell", args: []string{"echo", "$SOME_VAR", "$OTHER_VAR", "$WORKER_VAR"}, want: []string{profiles + "some-bp-val other-bp-val worker-no-process-val"}},
		{name: "variables of the user's in a shell", env: []string{"CNB_APP_DIR=/workspace", "SOME_USER_VAR=some-user-val", "OTHER_VAR=other-user-val"},
			args: []string{"echo", "$SOME_USER_VAR, $CNB_APP_DIR, $OTHER_VAR"}, want: []string{profiles + "some-user-val, , other-user-val**other-bp-val"}},
		{name: "a buildpack's program in a shell", args: []string{"bp-executable"}, want: []string{profiles + "bp executable"}},
		{name: "a command without a shell", args: []string{"--", "echo", "something"}, want: []string{"something"}, absent: "sourced"},
		{name: "variables of the user's without a shell", env: []string{"CNB_APP_DIR=/workspace", "SOME_USER_VAR=some-user-val"}, args: []string{"--", "env"}, want: []string{"SOME_USER_VAR=some-user-val"}, absent: "CNB_APP_DIR"},
		{name: "a buildpack's program without a shell", args: []string{"--", "bp-executable"}, want: []string{"bp executable"}},
		// Common uses without an acceptance test.
		{name: "a command line in one word", args: []string{"mkdir -p /tmp/made && ls -d /tmp/made && rm -r /tmp/made"}, want: []string{profiles + "/tmp/made"}},
		{name: "a pipe", args: []string{"printf 'b\\na\\n' | sort | head -n 1 | tr a-z A-Z"}, want: []string{profiles + "A"}},
		{name: "a status", args: []string{"exit 7"}, status: 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := []string{"run", image}
			if tc.entrypoint != "" {
				args = append(args, "--entrypoint", tc.entrypoint)
			}
			for _, variable := range append([]string{"CNB_PLATFORM_API=0.15"}, tc.env...) {
				args = append(args, "--env", variable)
			}
			cmd := u.command(t.Context(), append(append(args, "--"), tc.args...)...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != tc.status {
				t.Errorf("got status %d, want %d\n%s", got, tc.status, out)
			}
			for _, want := range tc.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("got no %q in\n%s", want, out)
				}
			}
			if tc.absent != "" && strings.Contains(string(out), tc.absent) {
				t.Errorf("got %q in\n%s", tc.absent, out)
			}
		})
	}
}

// As in `docker run --entrypoint launcher IMAGE "node migrate.js"`.
func TestACommandLineRunsInAnAppsImage(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	b := u.must(plainApp(t), "--tag", "command-line", "--platform", host(t).String())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := u.command(ctx, "run", b.folder, "--entrypoint", "/cnb/lifecycle/launcher", "--",
		`cd /tmp && mkdir -p made && cp /workspace/package.json made && node --print 'require("/tmp/made/package.json").name'`).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "plain" {
		t.Errorf("got %s, %v, want plain", out, err)
	}
}
