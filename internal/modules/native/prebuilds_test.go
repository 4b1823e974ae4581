package native_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// left lists the files in a layer, sorted.
func left(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	if err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/node_modules/"))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestModulesForOtherPlatformsGoWhereThereIsOneForTheTarget(t *testing.T) {
	dir := layer(t, map[string]files{
		"has":   {"prebuilds/linux-arm64/x.node": "", "prebuilds/linux-x64/x.node": "", "prebuilds/darwin-x64+arm64/x.node": "", "prebuilds/other/x.node": "", "prebuilds/macos-x64/x.node": ""},
		"lacks": {"prebuilds/linux-x64/x.node": ""},
		"musl":  {"prebuilds/linux-arm64/x.musl.node": "", "prebuilds/linux-x64/x.node": ""},
	})
	if err := native.RemoveForeignPrebuilds(dir, targets.LinuxARM64); err != nil {
		t.Fatal(err)
	}
	want := []string{"has/prebuilds/linux-arm64/x.node", "has/prebuilds/macos-x64/x.node", "has/prebuilds/other/x.node",
		"lacks/prebuilds/linux-x64/x.node", "musl/prebuilds/linux-arm64/x.musl.node", "musl/prebuilds/linux-x64/x.node"}
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatCompilingLeavesBehindGoes(t *testing.T) {
	dir := layer(t, map[string]files{
		"p": {"build/Release/x.node": "", "build/Release/obj.target/x.o": "", "build/Release/obj/x": "", "build/Release/.deps/x": "", "build/Release/x.a": "",
			"build/Makefile": "", "build/config.gypi": "", "build/x.target.mk": "", "build/sub/y.Makefile": "", "build/sub/Makefile": "", "Makefile": ""},
		"plain": {"build/Makefile": "", "lib/obj/x": ""},
	})
	if err := native.RemoveObjects(dir); err != nil {
		t.Fatal(err)
	}
	want := []string{"p/Makefile", "p/build/Release/x.node", "p/build/sub/Makefile", "plain/build/Makefile", "plain/lib/obj/x"}
	if got := left(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPackageMayHaveItsBinariesAlready(t *testing.T) {
	dir := layer(t, map[string]files{"built": {"prebuilds/linux-arm64/x.node": ""}})
	binary := deps.Package{Path: "node_modules/binary", Version: "1.0.0", OS: []string{"linux"}, CPU: []string{"arm64"}}
	foreign := deps.Package{Path: "node_modules/foreign", Version: "1.0.0", OS: []string{"linux"}, CPU: []string{"x64"}}
	g := deps.Graph{Version: 1, Packages: []deps.Package{binary, {Path: "node_modules/built", Version: "1.0.0"}, foreign}}
	for _, tc := range []struct {
		p    deps.Package
		want bool
	}{
		{deps.Package{Path: "node_modules/built"}, true},
		{deps.Package{Path: "node_modules/p", OptionalDeps: map[string]string{"binary": "1"}}, true},
		{deps.Package{Path: "node_modules/p", OptionalDeps: map[string]string{"foreign": "1", "none": "1"}}, false},
		{deps.Package{Path: "node_modules/p"}, false},
	} {
		if got, err := native.IsPrebuilt(dir, g, tc.p, targets.LinuxARM64); err != nil || got != tc.want {
			t.Errorf("%s: got %v, %v", tc.p.Path, got, err)
		}
	}
}
