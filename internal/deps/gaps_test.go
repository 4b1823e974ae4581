package deps_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// entries joins a lockfile's entries, the project's first.
func entries(all ...string) string {
	return `{"lockfileVersion": 3, "packages": {"": {"name": "app"}, ` + strings.Join(all, ", ") + `}}`
}

// parent returns an entry with optional dependencies, all of version 1.0.0.
func parent(path, more string, optional ...string) string {
	var names []string
	for _, name := range optional {
		names = append(names, fmt.Sprintf("%q: \"1.0.0\"", name))
	}
	return fmt.Sprintf(`%q: {"version": "2.0.0"%s, "optionalDependencies": {%s}}`, path, more, strings.Join(names, ", "))
}

// child returns an entry of a package for one platform.
func child(path string) string {
	return fmt.Sprintf(`%q: {"version": "1.0.0", "optional": true}`, path)
}

func TestGaps(t *testing.T) {
	const mac = "node_modules/@rollup/rollup-darwin-arm64"
	rollup := parent("node_modules/rollup", "", "@rollup/rollup-darwin-arm64", "@rollup/rollup-linux-arm64-gnu", "@rollup/rollup-linux-arm64-musl", "@rollup/rollup-linux-x64-gnu")
	gap := []string{"@rollup/rollup-linux-arm64-gnu@1.0.0 by node_modules/rollup"}
	for _, tc := range []struct {
		name, lock string
		want       []string // for linux/arm64 and glibc, without devDependencies
	}{
		{"another platform's only", entries(rollup, child(mac)), gap},
		{"the target's, too", entries(rollup, child(mac), child("node_modules/@rollup/rollup-linux-arm64-gnu")), nil},
		{"an entry that is only a memory", entries(rollup, child(mac), `"node_modules/@rollup/rollup-linux-arm64-gnu": {"optional": true}`), gap},
		{"musl instead of glibc", entries(rollup, child(mac), child("node_modules/@rollup/rollup-linux-arm64-musl")), gap},
		{"no platform at all: left out on purpose", entries(rollup), nil},
		{"below its parent", entries(rollup, child(mac), child("node_modules/rollup/node_modules/@rollup/rollup-linux-arm64-gnu")), nil},
		{"below a package that is not above it", entries(rollup, child(mac), child("node_modules/other/node_modules/@rollup/rollup-linux-arm64-gnu")), gap},
		{"a parent that is nested itself", entries(strings.Replace(rollup, "node_modules/rollup", "node_modules/vite/node_modules/rollup", 1), child(mac)),
			[]string{"@rollup/rollup-linux-arm64-gnu@1.0.0 by node_modules/vite/node_modules/rollup"}},
		{"a nested parent that finds it further up", entries(strings.Replace(rollup, "node_modules/rollup", "node_modules/vite/node_modules/rollup", 1), child(mac), child("node_modules/@rollup/rollup-linux-arm64-gnu")), nil},
		{"a package that never offered the target", entries(parent("node_modules/p", "", "p-darwin-arm64", "p-linux-x64"), child("node_modules/p-linux-x64")), nil},
		{"optional packages that are for no platform", entries(parent("node_modules/p", "", "linux-tools", "arm64-facts", "p-darwin-x64"), child("node_modules/p-darwin-x64")), nil},
		{"only of devDependencies", entries(parent("node_modules/p", `, "dev": true`, "p-darwin-arm64", "p-linux-arm64"), child("node_modules/p-darwin-arm64")), nil},
		{"the parent is for another platform", entries(parent("node_modules/@img/sharp-darwin-arm64", `, "os": ["darwin"]`, "@img/sharp-libvips-darwin-arm64", "@img/sharp-libvips-linux-arm64"),
			child("node_modules/@img/sharp-libvips-darwin-arm64")), nil},
		{"the parent comes inside another package's archive", entries(parent("node_modules/npm/node_modules/p", `, "inBundle": true`, "p-darwin-arm64", "p-linux-arm64"),
			child("node_modules/npm/node_modules/p-darwin-arm64")), nil},
		{"an alias in its place", entries(rollup, child(mac), `"node_modules/@rollup/rollup-linux-arm64-gnu": {"name": "nothing", "version": "3.0.0"}`), nil},
		{"of a workspace", entries(parent("packages/w", "", "p-darwin-arm64", "p-linux-arm64"), child("node_modules/p-darwin-arm64")), []string{"p-linux-arm64@1.0.0 by packages/w"}},
		{"of the project", strings.Replace(entries(child("node_modules/p-darwin-arm64")), `"name": "app"`, `"optionalDependencies": {"p-darwin-arm64": "1.0.0", "p-linux-arm64": "1.0.0"}`, 1),
			[]string{"p-linux-arm64@1.0.0 by "}},
		{"a lockfile of version 1", `{"lockfileVersion": 1, "dependencies": {
			"esbuild": {"version": "2.0.0", "requires": {"@esbuild/darwin-x64": "1.0.0", "@esbuild/linux-arm64": "1.0.0", "ms": "2"}},
			"@esbuild/darwin-x64": {"version": "1.0.0", "optional": true}}}`, []string{"@esbuild/linux-arm64@1.0.0 by node_modules/esbuild"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lock, err := npmlock.Parse([]byte(tc.lock))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, gap := range lock.Gaps(deps.PlatformOf(targets.LinuxARM64), false) {
				got = append(got, fmt.Sprintf("%s@%s by %s", gap.Name, gap.Range, gap.By.Path))
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestGapsOfDevDependenciesCountWhenTheyAreInstalled(t *testing.T) {
	lock, err := npmlock.Parse([]byte(entries(parent("node_modules/p", `, "dev": true`, "p-darwin-arm64", "p-linux-arm64"), child("node_modules/p-darwin-arm64"))))
	if err != nil {
		t.Fatal(err)
	}
	if got := lock.Gaps(deps.PlatformOf(targets.LinuxARM64), true); len(got) != 1 {
		t.Errorf("got %v, want one", got)
	}
}

// The names are real packages.
func TestNamesTellThePlatform(t *testing.T) {
	for _, tc := range []struct{ arm64, amd64 string }{
		{"@rollup/rollup-linux-arm64-gnu", "@rollup/rollup-linux-x64-gnu"},
		{"@esbuild/linux-arm64", "@esbuild/linux-x64"},
		{"@img/sharp-linux-arm64", "@img/sharp-linux-x64"},
		{"@img/sharp-libvips-linux-arm64", "@img/sharp-libvips-linux-x64"},
		{"@swc/core-linux-arm64-gnu", "@swc/core-linux-x64-gnu"},
		{"lightningcss-linux-arm64-gnu", "lightningcss-linux-x64-gnu"},
		{"@next/swc-linux-arm64-gnu", "@next/swc-linux-x64-gnu"},
		{"@parcel/watcher-linux-arm64-glibc", "@parcel/watcher-linux-x64-glibc"},
		{"sass-embedded-linux-arm64", "sass-embedded-linux-x64"},
		{"@oven/bun-linux-aarch64", "@oven/bun-linux-x64"},
		{"@bufbuild/protoc-gen-es-linux_arm64", "@bufbuild/protoc-gen-es-linux_x86_64"},
	} {
		for name, cpu := range map[string]string{tc.arm64: "arm64", tc.amd64: "x64"} {
			lock, err := npmlock.Parse([]byte(entries(parent("node_modules/p", "", name, "p-win32-x64", "p-linuxmusl-"+cpu, "p-linux-musl-"+cpu), child("node_modules/p-win32-x64"))))
			if err != nil {
				t.Fatal(err)
			}
			gaps := lock.Gaps(deps.Platform{OS: "linux", CPU: cpu, Libc: deps.Glibc}, false)
			if len(gaps) != 1 || gaps[0].Name != name {
				t.Errorf("got %v for %s, want %s", gaps, cpu, name)
			}
		}
	}
}
