//go:build linux

package phases

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/preview"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestWhereItCannotBeToldWhatIsRemovedEverythingIsCopied(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(b *Build, app string)
		want   int
	}{
		"a lockfile":           {func(*Build, string) {}, 1},
		"no lockfile":          {func(_ *Build, app string) { os.Remove(app + "/package-lock.json") }, 0},
		"no package.json":      {func(_ *Build, app string) { write(t, app+"/package.json", "{") }, 0},
		"a .dockerignore":      {func(_ *Build, app string) { write(t, app+"/.dockerignore", "[") }, 0},
		"without a network":    {func(b *Build, _ string) { b.Network = sandbox.None }, 0},
		"npm without one":      {func(b *Build, _ string) { b.Env["npm_config_offline"] = "true" }, 0},
		"the builder's npm so": {func(b *Build, _ string) { b.builder.env = []string{"npm_config_offline=true"} }, 0},
	} {
		b := working(t)
		app := b.work.Path("room/app")
		write(t, app+"/package.json", plainPackage)
		write(t, app+"/package-lock.json", plainLock)
		write(t, app+"/.gitignore", "node_modules\n")
		write(t, app+"/node_modules/a/package.json", "{}")
		tc.change(b, app)
		if got := b.ownModules(app); len(got) != tc.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestOnlyABuilderThatIsCertainToRemoveModulesDoesWithoutThem(t *testing.T) {
	const (
		order   = "[[order]]\n[[order.group]]\nid = \"armature/nodejs\"\nversion = \"1\"\n"
		nodejs  = "cnb/buildpacks/armature_nodejs/1/buildpack.toml"
		another = "[[order.group]]\nid = \"acme/other\"\nversion = \"1\"\n"
	)
	rules := func(n int) string {
		return fmt.Sprintf("[metadata]\nremoves-own-modules = %d\n[[order]]\n[[order.group]]\nid = \"armature/npm-install\"\nversion = \"1\"\n", n)
	}
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  bool
	}{
		{"ours", map[string]string{"cnb/order.toml": order, nodejs: rules(preview.Rules)}, true},
		{"another buildpack before or after", map[string]string{"cnb/order.toml": order + another, nodejs: rules(preview.Rules)}, false},
		{"another group", map[string]string{"cnb/order.toml": order + "[[order]]\n" + another, nodejs: rules(preview.Rules)}, false},
		{"another buildpack", map[string]string{"cnb/order.toml": "[[order]]\n" + another, nodejs: rules(preview.Rules)}, false},
		{"other rules", map[string]string{"cnb/order.toml": order, nodejs: rules(preview.Rules + 1)}, false},
		{"rules of nobody knows when", map[string]string{"cnb/order.toml": order, nodejs: ""}, false},
		{"another setting of the builder's", map[string]string{"cnb/order.toml": order, nodejs: rules(preview.Rules), "cnb/build-config/env/BP_NPM_REGISTRY.default": "https://r.example.com/"}, true},
		{"a setting of the builder's for npm", map[string]string{"cnb/order.toml": order, nodejs: rules(preview.Rules), "cnb/build-config/env/npm_config_offline.default": "true"}, false},
		{"a setting of the builder's", map[string]string{"cnb/order.toml": order, nodejs: rules(preview.Rules), "cnb/build-config/env/BP_USE_DOCKERIGNORE": "false"}, false},
		{"no order", map[string]string{nodejs: rules(preview.Rules)}, false},
	} {
		root := t.TempDir()
		for path, text := range tc.files {
			write(t, filepath.Join(root, path), text)
		}
		if removesOwnModules(filepath.Join(root, "nowhere")) {
			t.Error("a root that is not there: got true")
		}
		if got := removesOwnModules(root); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}
