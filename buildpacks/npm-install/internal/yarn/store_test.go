package yarn

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// The packages of the pnpm linker are in folders of another form.
func TestPackagesOfThePnpmLinker(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, files{
		"package.json": `{"name":"app","dependencies":{"bundler":"1.0.0"}}`,
		"node_modules/.store/bundler-npm-1.0.0-a/package/package.json":        `{"name":"bundler","version":"1.0.0","scripts":{"postinstall":"x"},"optionalDependencies":{"@b/linux-arm64":"1.0.0"}}`,
		"node_modules/.store/@b-linux-arm64-npm-1.0.0-b/package/package.json": `{"name":"@b/linux-arm64","version":"1.0.0","os":["linux"],"cpu":["arm64"]}`,
		"node_modules/.store/bundler-npm-1.0.0-a/node_modules/@b/.keep":       "",
		"node_modules/.store/@b-linux-arm64-npm-1.0.0-b/node_modules/.keep":   "",
	})
	for link, to := range map[string]string{
		"node_modules/bundler": ".store/bundler-npm-1.0.0-a/package",
		"node_modules/.store/bundler-npm-1.0.0-a/node_modules/@b/linux-arm64": "../../../@b-linux-arm64-npm-1.0.0-b/package",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range tree.Packages {
		names = append(names, p.Manifest.Name+" "+p.Command("postinstall"))
		if p.Manifest.Name != "bundler" {
			continue
		}
		for _, tc := range []struct {
			target targets.Target
			want   bool
		}{{targets.LinuxARM64, true}, {targets.LinuxAMD64, false}} {
			if got, err := native.IsPrebuilt(dir, tree.Graph(), p.Package, tc.target); err != nil || got != tc.want {
				t.Errorf("binaries for %s: got %v, %v", tc.target, got, err)
			}
		}
	}
	slices.Sort(names)
	if want := []string{"@b/linux-arm64 ", "bundler x"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
