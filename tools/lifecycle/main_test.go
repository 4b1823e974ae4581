package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// compileFor makes a real binary of the target's machine type.
func compileFor(t *testing.T, tg targets.Target, out string) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+tg.OS, "GOARCH="+tg.Arch)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

func TestCheckPairing(t *testing.T) {
	arm, amd := targets.LinuxARM64, targets.LinuxAMD64
	compiled := map[targets.Target]string{arm: filepath.Join(t.TempDir(), "arm"), amd: filepath.Join(t.TempDir(), "amd")}
	for tg, out := range compiled {
		compileFor(t, tg, out)
	}
	for _, tc := range []struct {
		name                string
		lifecycle, launcher targets.Target
		host, target        targets.Target
		want                string // part of the error; empty for none
	}{
		{name: "amd64 host, arm64 target", lifecycle: amd, launcher: arm, host: amd, target: arm},
		{name: "arm64 host, amd64 target", lifecycle: arm, launcher: amd, host: arm, target: amd},
		{name: "native", lifecycle: arm, launcher: arm, host: arm, target: arm},
		{name: "the host's launcher in a cross builder", lifecycle: amd, launcher: amd, host: amd, target: arm,
			want: "launcher is built for EM_X86_64, want EM_AARCH64 (linux/arm64)"},
		{name: "the target's lifecycle in a cross builder", lifecycle: arm, launcher: arm, host: amd, target: arm,
			want: "lifecycle is built for EM_AARCH64, want EM_X86_64 (linux/amd64)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, tg := range map[string]targets.Target{"lifecycle": tc.lifecycle, "launcher": tc.launcher} {
				if err := os.Symlink(compiled[tg], filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			err := CheckPairing(dir, tc.host, tc.target)
			if tc.want == "" && err != nil {
				t.Errorf("got %v, want no error", err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestMissingHalfIsNamed(t *testing.T) {
	err := CheckPairing(t.TempDir(), targets.LinuxARM64, targets.LinuxARM64)
	if err == nil || !strings.Contains(err.Error(), "lifecycle") {
		t.Errorf("got %v", err)
	}
}

// The test program is a Go program with modules of its own, read as the
// lifecycle's would be.
func TestModulesNamesTheProgramAndWhatWentIntoIt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	document, err := modules(self, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range document.Components {
		names = append(names, c.PURL)
	}
	all := strings.Join(names, "\n")
	for _, want := range []string{"pkg:golang/github.com/buildpacks/lifecycle@v1.2.3", "pkg:golang/github.com/cyclonedx/cyclonedx-go@v"} {
		if !strings.Contains(all, want) {
			t.Errorf("got %s\nwant %s in it", all, want)
		}
	}
	if err := document.Validate(); err != nil {
		t.Error(err)
	}
}
