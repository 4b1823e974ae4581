package npminstall_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/failure"
)

// compiled is a library for the host that needs another library, with a
// symbol of that version, or with any.
func compiled(t *testing.T, library, version string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skipf("there is no gcc to make a library with: %s", err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, files{
		"needed.c": "int answer(void) { return 42; }\n",
		"x.c":      "int answer(void); int ask(void) { return answer(); }\n",
		"map":      "GLIBC_" + version + " { global: answer; };\n",
	})
	needed := []string{"-shared", "-nostdlib", "-fPIC", "-o", "needed.so", "-Wl,-soname," + library, "needed.c"}
	if version != "" {
		needed = append(needed, "-Wl,--version-script,map")
	}
	for _, args := range [][]string{needed, {"-shared", "-nostdlib", "-fPIC", "-o", "x.node", "x.c", "needed.so"}} {
		cmd := exec.Command("gcc", args...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcc %s: %s\n%s", strings.Join(args, " "), err, output)
		}
	}
	return read(t, filepath.Join(dir, "x.node"))
}

func TestNativeFilesAreJudgedByTheirCLibrary(t *testing.T) {
	needNPM(t)
	musl, glibc := compiled(t, "libc.musl-any.so.1", ""), compiled(t, "libc.so.6", "2.17")
	for _, tc := range []struct {
		name     string
		packages map[string]files
		wrong    string // what the failure names, or empty
	}{
		{"for glibc", map[string]files{"p": {"x.node": glibc}}, ""},
		{"for musl", map[string]files{"p": {"build/Release/x.node": musl}}, "p: build/Release/x.node is for " + hostTarget(t).String() + " with musl"},
		{"for a C library without a version", map[string]files{"p": {"x.node": compiled(t, "libc.so", "")}}, "p: x.node is for"},
		{"prebuilt for both, each with its name", map[string]files{"p": {"prebuilds/x.musl.node": musl, "prebuilds/x.glibc.node": glibc}}, ""},
		{"prebuilt for musl only", map[string]files{"p": {"prebuilds/x.musl.node": musl}}, "p: prebuilds/x.musl.node"},
		{"a package for each", map[string]files{"p-linux-x-musl": {"x.node": musl}, "p-linux-x-gnu": {"x.node": glibc}}, ""},
		{"a package for each, named otherwise", map[string]files{"p-linuxmusl-x": {"x.node": musl}, "p-linux-x": {"x.node": glibc}}, ""},
		{"only the package for musl", map[string]files{"p-linux-x-musl": {"x.node": musl}, "q": {"x.node": glibc}}, "p-linux-x-musl: x.node"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			npms := newRegistry(t)
			s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", hostTarget(t).Arch)}
			var wanted []string
			for name, contents := range tc.packages {
				npms.publish(name, "1.0.0", nil, contents)
				wanted = append(wanted, `"`+name+`":"1.0.0"`)
			}
			s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{` + strings.Join(wanted, ",") + `}}`})
			err, log := s.build(t.TempDir())
			if tc.wrong == "" {
				if err != nil {
					t.Errorf("got %v\n%s", err, log)
				}
				return
			}
			if !errors.Is(err, &failure.Failure{ID: "native-module-wrong-libc"}) || !strings.Contains(err.Error(), tc.wrong) {
				t.Errorf("got %v, want that it names %s", err, tc.wrong)
			}
		})
	}
}

func TestANewerGlibcThanTheRunImagesIsAWarning(t *testing.T) {
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", hostTarget(t).Arch)}
	npms.publish("p", "1.0.0", nil, files{"x.node": compiled(t, "libc.so.6", "2.38")})
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"p":"1.0.0"}}`})
	for _, tc := range []struct {
		distro packit.TargetDistro
		warns  bool
	}{
		{packit.TargetDistro{Name: "debian", Version: "12"}, true},
		{packit.TargetDistro{Name: "debian", Version: "13"}, false},
		{packit.TargetDistro{Name: "somelinux", Version: "1"}, false},
	} {
		var log bytes.Buffer
		_, err := npminstall.Build(s.env, scribe.NewEmitter(&log))(packit.BuildContext{
			WorkingDir: s.app, Layers: packit.Layers{Path: t.TempDir()}, Plan: launchOnly, TargetDistro: tc.distro,
		})
		if err != nil {
			t.Fatal(err)
		}
		if warns := strings.Contains(log.String(), "p: x.node asks for glibc 2.38"); warns != tc.warns {
			t.Errorf("got %t for %s %s, want %t\n%s", warns, tc.distro.Name, tc.distro.Version, tc.warns, log.String())
		}
		if err := os.Remove(filepath.Join(s.app, "node_modules")); err != nil {
			t.Fatal(err)
		}
	}
}
