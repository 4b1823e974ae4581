package npminstall_test

import (
	"bytes"
	"errors"
	"fmt"
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

// All packages are in one app, so that one install does.
func TestNativeFilesAreJudgedByTheirCLibrary(t *testing.T) {
	t.Parallel()
	needNPM(t)
	musl, glibc := compiled(t, "libc.musl-any.so.1", ""), compiled(t, "libc.so.6", "2.17")
	rows := []struct {
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
	}
	npms := newRegistry(t)
	var wanted []string
	called := func(i int, name string) string { return fmt.Sprintf("r%d-%s", i, name) }
	for i, row := range rows {
		for name, contents := range row.packages {
			npms.publish(called(i, name), "1.0.0", nil, contents)
			wanted = append(wanted, `"`+called(i, name)+`":"1.0.0"`)
		}
	}
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", hostTarget(t).Arch)}
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{` + strings.Join(wanted, ",") + `}}`})
	err, log := s.build(t.TempDir())
	if !errors.Is(err, &failure.Failure{ID: "native-module-wrong-libc"}) {
		t.Fatalf("got %v\n%s", err, log)
	}
	for i, row := range rows {
		if got := strings.Contains(err.Error(), called(i, "")); got != (row.wrong != "") {
			t.Errorf("%s: whether one of its packages is named is %t: %v", row.name, got, err)
		}
		if row.wrong != "" && !strings.Contains(err.Error(), called(i, row.wrong)) {
			t.Errorf("%s: got %v, want that it names %s", row.name, err, called(i, row.wrong))
		}
	}
}

func TestANewerGlibcThanTheRunImagesIsAWarning(t *testing.T) {
	t.Parallel()
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
