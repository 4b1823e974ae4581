package deps_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

func TestPathsNameAPlatform(t *testing.T) {
	for path, want := range map[string]bool{
		"prebuilds/darwin-arm64/x.node": true, "lib/x-linux-x64.node": true, "build/x86_64/x": true, "a/WIN32/x.dll": true, "x.musl.node": true,
		"alpine/x": true, "linux-armv7l/x": true, "i386/x": true, "mips64/x": true,
		"build/Release/x.node": false, "linux/x": false, "x.glibc.node": false, "winter/x.node": false, "universal/x": false, "charm/x": false, "": false,
	} {
		if got := deps.NamesPlatform(path); got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestFoldersForOnePlatform(t *testing.T) {
	for name, want := range map[string]bool{
		"linux-arm64": true, "darwin-x64+arm64": true, "linuxmusl-x64": true, "linuxglibc-arm": true, "android-arm": true, "win32-ia32": true,
		"linux": false, "macos-arm64": false, "windows-x64": false, "linux-": false, "linux-x64.old": false, "musl-x64": false, "freebsd-x64+": false,
	} {
		if got := deps.IsPlatformFolder(name); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestPackagesNamedForAnotherPlatform(t *testing.T) {
	for name, want := range map[string]bool{
		"@esbuild/darwin-arm64": true, "@esbuild/linux-x64": true, "@img/sharp-linuxmusl-arm64": true, "@rollup/rollup-linux-arm64-musl": true, "x-win32-arm64": true,
		"@esbuild/linux-arm64": false, "@rollup/rollup-linux-arm64-gnu": false, "@x/linux-universal": false, "fsevents": false, "linux": false, "express": false,
	} {
		if got := deps.NamedForOther(name, deps.Platform{OS: "linux", CPU: "arm64", Libc: deps.Glibc}); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestPackagesNamedForAPlatform(t *testing.T) {
	for name, want := range map[string]bool{
		"@esbuild/linux-arm64": true, "@rollup/rollup-linux-arm64-gnu": true, "@esbuild/linux-x64": false, "x-linux-arm64-musl": false, "express": false,
	} {
		if got := deps.NamedFor(name, deps.Platform{OS: "linux", CPU: "arm64", Libc: deps.Glibc}); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
