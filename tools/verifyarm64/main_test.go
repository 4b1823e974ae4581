package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	verifyarm64 "github.com/armature-cnb/armature/tools/verifyarm64"
	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

// saved writes an image as docker save does and returns the file.
func saved(t *testing.T, img v1.Image) string {
	t.Helper()
	tag, err := name.NewTag("app:latest")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.tar")
	if err := tarball.WriteToFile(file, tag, img); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOpenImage(t *testing.T) {
	arm64 := appImage(t, targets.LinuxARM64, []byte("launcher"), nil)
	amd64 := appImage(t, targets.LinuxAMD64, []byte("launcher"), nil)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path, id, want string
	}{
		{name: "an OCI layout", path: layout(t, arm64)},
		{name: "what docker save wrote", path: saved(t, arm64)},
		{name: "a layout for another machine", path: layout(t, amd64), id: "image-not-arm64", want: "has images for linux/amd64, want linux/arm64"},
		{name: "an archive for another machine", path: saved(t, amd64), id: "image-not-arm64", want: "its config says linux/amd64, want linux/arm64"},
		{name: "a file that is no image", path: text, want: "want what docker save writes, with one image in it, or the folder of an OCI layout"},
		{name: "a folder that is no layout", path: t.TempDir(), want: "opening the image: reading image layout"},
		{name: "nothing", path: filepath.Join(t.TempDir(), "app.tar"), want: "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			img, err := verifyarm64.OpenImage(tc.path)
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				same(t, img, arm64)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %s", err, tc.want)
			}
			if is := errors.Is(err, &failure.Failure{ID: tc.id}); is != (tc.id != "") {
				t.Errorf("got %v, want a failure %s", err, tc.id)
			}
		})
	}
}

// same compares images by their ids.
func same(t *testing.T, got, want v1.Image) {
	t.Helper()
	gotID, err := got.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if wantID, err := want.ConfigName(); err != nil || gotID != wantID {
		t.Errorf("got %s, want %s, %v", gotID, wantID, err)
	}
}

func TestTaskOf(t *testing.T) {
	img := appImage(t, targets.LinuxARM64, nil, nil, "--verbose")
	got, err := verifyarm64.TaskOf(img, 8080, "health?full", []string{"PORT=8080"})
	if err != nil {
		t.Fatal(err)
	}
	want := guest.Task{
		Args: []string{"/cnb/process/web", "--verbose"}, Env: []string{"GREETING=grüße you", "PORT=8080"},
		WorkingDir: "/workspace", User: "1001:1000", URL: "http://127.0.0.1:8080/health?full",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := verifyarm64.TaskOf(image(t, targets.LinuxARM64, v1.Config{}), 1, "/", nil); err == nil || !strings.Contains(err.Error(), "neither entrypoint nor command") {
		t.Errorf("an image with nothing to run: got %v", err)
	}
}

func TestJudge(t *testing.T) {
	task := guest.Task{Args: []string{"/cnb/process/web"}, URL: "http://127.0.0.1:3000/"}
	ok := guest.Result{Outcome: guest.Answered, Status: 200, Body: "Hello World!\n"}
	status := ok
	status.Status, status.Output = 500, []string{"Error: no database"}
	for _, tc := range []struct {
		name, expect, id, want string
		result                 guest.Result
	}{
		{name: "the answer", result: ok, expect: "Hello World!"},
		{name: "any answer", result: ok},
		{name: "another answer", result: ok, expect: "Good bye", id: "arm64-wrong-answer", want: `and a body with "Good bye"`},
		{name: "an error's status", result: status, expect: "Hello World!", id: "arm64-wrong-answer", want: "Error: no database"},
		{name: "a redirect", result: guest.Result{Outcome: guest.Answered, Status: 302}, id: "arm64-wrong-answer", want: "status 302"},
		{
			name: "a program of another machine", id: "arm64-refused", want: "exec format error (it is a program for x86_64, want aarch64)",
			result: guest.Result{Outcome: guest.Refused, Machine: "aarch64", Program: "x86_64", Error: "fork/exec /cnb/process/web: exec format error"},
		},
		{
			name: "a program that is not there", id: "arm64-refused", want: "/cnb/process/web: no such file",
			result: guest.Result{Outcome: guest.Refused, Error: "fork/exec /cnb/process/web: no such file or directory"},
		},
		{
			name: "an early end", id: "arm64-exited", want: "last words",
			result: guest.Result{Outcome: guest.Exited, Error: "exit status 1", Output: []string{"last words"}},
		},
		{name: "a machine that cannot be set up", want: "mounting /proc", result: guest.Result{Outcome: guest.Broken, Error: "mounting /proc"}},
		{name: "a result of no known outcome", want: "setting up", result: guest.Result{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := verifyarm64.Judge(tc.result, task, tc.expect)
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want it to say %s", err, tc.want)
			case tc.id != "" && !errors.Is(err, &failure.Failure{ID: tc.id}):
				t.Errorf("got %v, want a failure %s", err, tc.id)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"no image", "-image is missing", nil},
		{"an argument", `got arguments ["app.tar"], want flags only`, []string{"app.tar"}},
		{"a port that is none", "-port: got 65536, want 1 to 65535", []string{"-image", "x", "-port", "65536"}},
		{"no time at all", "-timeout: got 0s", []string{"-image", "x", "-timeout", "0s"}},
		{"a variable without value", "want NAME=value", []string{"-image", "x", "-env", "PORT"}},
		{"a flag there is not", "-memory", []string{"-memory", "1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := verifyarm64.Run(t.Context(), tc.args, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to say %s", err, tc.want)
			}
		})
	}
}

// Each row runs with no program in PATH but go.
func TestMissingProgramsAreNamed(t *testing.T) {
	golang, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(golang, filepath.Join(bin, "go")); err != nil {
		t.Fatal(err)
	}
	kernel := filepath.Join(t.TempDir(), "vmlinuz")
	if err := os.WriteFile(kernel, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := layout(t, appImage(t, targets.LinuxARM64, nil, nil))
	empty := filepath.Join(t.TempDir(), "cache")
	for _, tc := range []struct {
		name, id string
		flags    []string
	}{
		{"no mmdebstrap to fetch a kernel", "kernel-missing", []string{"-cache", empty}},
		{"no qemu", "qemu-missing", []string{"-kernel", kernel}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("PATH", bin)
			t.Setenv("TMPDIR", t.TempDir())
			err := verifyarm64.Run(t.Context(), append([]string{"-image", dir}, tc.flags...), new(bytes.Buffer))
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || !strings.Contains(err.Error(), "apt-get install") {
				t.Errorf("got %v, want a failure %s that says what to install", err, tc.id)
			}
			nothingLeft(t)
		})
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("left in the kernel's folder: %v, %v", left, err)
	}
}
