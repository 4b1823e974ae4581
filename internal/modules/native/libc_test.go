package native_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// compiled is a library for the host that needs another library, with a symbol of
// this version, or of any.
func compiled(t *testing.T, library, version string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skipf("there is no gcc to make a library with: %s", err)
	}
	dir := t.TempDir()
	write(t, dir, files{
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
	text, err := os.ReadFile(filepath.Join(dir, "x.node"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNativeFilesAreJudgedByTheirCLibrary(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	musl, glibc := compiled(t, "libc.musl-any.so.1", ""), compiled(t, "libc.so.6", "2.17")
	rows := []struct {
		name     string
		packages map[string]files
		wrong    string // in the failure, or empty
	}{
		{"for glibc", map[string]files{"p": {"x.node": glibc}}, ""},
		{"for musl", map[string]files{"p": {"build/Release/x.node": musl}}, "p: build/Release/x.node is for " + host.String() + " with musl"},
		{"for a C library without a version", map[string]files{"p": {"x.node": compiled(t, "libc.so", "")}}, "p: x.node is for"},
		{"prebuilt for both, each with its name", map[string]files{"p": {"prebuilds/x.musl.node": musl, "prebuilds/x.glibc.node": glibc}}, ""},
		{"prebuilt for musl only", map[string]files{"p": {"prebuilds/x.musl.node": musl}}, "p: prebuilds/x.musl.node"},
		{"a package for each", map[string]files{"p-linux-x-musl": {"x.node": musl}, "p-linux-x-gnu": {"x.node": glibc}}, ""},
		{"a package for each, named otherwise", map[string]files{"p-linuxmusl-x": {"x.node": musl}, "p-linux-x": {"x.node": glibc}}, ""},
		{"only the package for musl", map[string]files{"p-linux-x-musl": {"x.node": musl}, "q": {"x.node": glibc}}, "p-linux-x-musl: x.node"},
	}
	for _, row := range rows {
		err := judged(t, layer(t, row.packages), host, host)
		switch {
		case row.wrong == "" && err == nil:
		case row.wrong == "" || !errors.Is(err, &failure.Failure{ID: "native-module-wrong-libc"}) || !strings.Contains(err.Error(), "\n  "+row.wrong):
			t.Errorf("%s: got %v, want that it names %q", row.name, err, row.wrong)
		}
	}
}

func TestFilesMayAskForANewerGlibcThanADistributionHas(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	found, err := native.Find(layer(t, map[string]files{"p": {"x.node": compiled(t, "libc.so.6", "2.38")}}), host)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, version string
		lines         []string
		has           string
	}{
		{"debian", "12", []string{"p: x.node asks for glibc 2.38"}, "2.36"},
		{"debian", "13", nil, "2.41"},
		{"somelinux", "1", nil, ""},
	} {
		lines, has := native.Newer(found, tc.name, tc.version)
		if !slices.Equal(lines, tc.lines) || has != tc.has {
			t.Errorf("%s %s: got %q, %q", tc.name, tc.version, lines, has)
		}
	}
}
