package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func TestRunRefusesBadSettings(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no version", []string{"-out", "x"}, `-version is "", want major.minor.patch`},
		{"a version with a v", []string{"-out", "x", "-version", "v1.0.0"}, `-version is "v1.0.0"`},
		{"two parts only", []string{"-out", "x", "-version", "1.0"}, `-version is "1.0"`},
		{"nowhere to write", []string{"-version", "1.0.0"}, "-out is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := run(context.Background(), tc.args, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// A failure half-way must neither touch the packages of the last run nor
// leave anything beside them.
func TestFailureLeavesWhatWasThere(t *testing.T) {
	root := t.TempDir()
	out := filepath.Join(root, "packages")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "old.cnb"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-version", "1.0.0", "-out", out, "-source", filepath.Join(root, "nothing")}
	if err := run(context.Background(), args, io.Discard); err == nil || !strings.Contains(err.Error(), "no buildpack.toml") {
		t.Fatalf("got %v", err)
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v beside the packages", entries, err)
	}
	if _, err := os.Stat(filepath.Join(out, "old.cnb")); err != nil {
		t.Error(err)
	}
}

func TestParseFillsInEveryVersion(t *testing.T) {
	p := packager{version: "1.2.3"}
	b, err := p.parse("buildpacks/all", []byte(`
[buildpack]
  id = "armature/all"
  version = "0.0.0"
[[order]]
  [[order.group]]
    id = "armature/one"
    version = "0.0.0"
[[order]]
  [[order.group]]
    id = "armature/one"
    version = "0.0.0"
`))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.parts) != 1 || b.parts[0] != (part{ID: "armature/one", Version: "1.2.3"}) {
		t.Errorf("got %+v", b.parts)
	}
	if strings.Contains(string(b.descriptor), "0.0.0") {
		t.Errorf("got %s", b.descriptor)
	}
	if _, err := p.parse("buildpacks/all", []byte(`version = "1.0.0"`)); err == nil {
		t.Error("a descriptor with a version of its own is accepted")
	}
}

// The dispatchers are run for real, with a uname of the test's own, so that
// both machines are tried on either.
func TestDispatcherRunsTheProgramOfTheMachine(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("bin/detect", dispatcher("detect"))
	for _, tg := range targets.All() {
		put("bin/"+tg.Dashed()+"/detect", "#!/bin/sh\necho "+tg.String()+" $CNB_BUILDPACK_DIR $*\n")
	}
	detect := func(machine string, env ...string) (string, error) {
		put("path/uname", "#!/bin/sh\necho "+machine+"\n")
		cmd := exec.Command(filepath.Join(dir, "bin/detect"), "platform", "plan file")
		cmd.Env = append(env, "PATH="+filepath.Join(dir, "path")+":/usr/bin:/bin")
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	for _, tg := range targets.All() {
		for _, env := range [][]string{nil, {"CNB_BUILDPACK_DIR=" + dir}} {
			got, err := detect(tg.Machine(), env...)
			if want := tg.String() + " " + dir + " platform plan file"; err != nil || got != want {
				t.Errorf("on %s: got %q, %v, want %q", tg.Machine(), got, err, want)
			}
		}
	}
	got, err := detect("riscv64")
	if err == nil || got != "[unsupported-host] this buildpack cannot run on riscv64: want aarch64 or x86_64" {
		t.Errorf("got %q, %v", got, err)
	}
}
