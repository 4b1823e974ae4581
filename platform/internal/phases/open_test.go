//go:build linux

package phases

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
)

// openIn returns the files in a folder that this process has open.
func openIn(dir string) (paths []string) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if path, err := os.Readlink(link); err == nil && strings.HasPrefix(path, dir) {
			paths = append(paths, path)
		}
	}
	return paths
}

// The number of open files does not grow with the number of images.
func TestNothingStaysOpen(t *testing.T) {
	b := working(t)
	dir := filepath.Dir(b.Home.Dir)
	b.SBOMDir = filepath.Join(b.Home.Dir, "bills")
	write(t, b.work.Path("room/layers/sbom/launch/a.json"), "{}")
	write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
	write(t, b.work.Path("room/app/package.json"), plainPackage)
	write(t, b.root+"/etc/passwd", "cnb:x:1001:1000::/home/cnb:/bin/sh\n")
	write(t, b.root+"/cnb/lifecycle/launcher", programFor(b.Target))
	b.first = working(t)
	write(t, b.first.work.Path("room/layers/a_one/x.toml"), "[types]\nlaunch = true\n")
	cacheOf(t, b.work.Path("from"), map[string]string{archiveContent: "x"})
	for name, do := range map[string]func() error{
		"bills of materials":   b.copySBOM,
		"the builder":          func() error { return b.builder.readRoot(b.root, b.Target) },
		"downloads":            func() error { return keepDownloads(b.work.Path("from"), b.work.Path("to"), true) },
		"a list":               func() error { return dropCached(b.work.Path("from"), nil, os.Geteuid(), os.Getegid(), true) },
		"a cache that is read": func() error { _, _, err := readCacheMetadata(b.work.Path("from")); return err },
		"what is declared":     func() error { _, err := b.declared(); return err },
		"declared layers":      func() error { _, err := declaredLayers(b.root); return err },
		"metadata":             func() error { _, err := b.takeMetadata(); return err },
		"version files":        func() error { _, err := runtimeFiles(b.work.Path("room/app"), b.Getenv); return err },
		"rules":                func() error { removesOwnModules(b.root); return nil },
	} {
		before := len(openIn(dir)) + len(openIn(b.root))
		if err := do(); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if after := append(openIn(dir), openIn(b.root)...); len(after) != before {
			t.Errorf("%s: open are %q", name, after)
		}
	}
}

// The user's emulation variables override the defaults.
func TestAnEmulatedBuildsVariablesGiveWayToTheUsers(t *testing.T) {
	given := map[string]string{"A": "1"}
	emulated := Options{Host: targets.LinuxARM64, Env: given}
	if hostTarget(t) == targets.LinuxARM64 {
		t.Skip("this machine needs no emulation for linux/arm64")
	}
	if got := newBuild(emulated).Env; !maps.Equal(got, map[string]string{"A": "1", "QEMU_CPU": "cortex-a72"}) || len(given) != 1 {
		t.Errorf("got %q of %q", got, given)
	}
	given["QEMU_CPU"] = "max"
	if got := newBuild(emulated); !maps.Equal(got.Env, given) || got.emulation["QEMU_CPU"] != "cortex-a72" {
		t.Errorf("got %q", got.Env)
	}
	if got := newBuild(Options{Host: hostTarget(t), Env: given}); !maps.Equal(got.Env, given) || got.emulation != nil {
		t.Errorf("not emulated: got %q", got.Env)
	}
}

// The lifecycle's last line may be unterminated, and a line end starts no further
// line.
func TestEveryLineIsPassedOnOnce(t *testing.T) {
	for text, want := range map[string]string{"a\n": "a\n", "a\nb": "a\nb\n", "": "", "a\r\n\nb\n": "a\n\nb\n"} {
		var said progresstest.Recorder
		w := newWatcher(progress.New(said.Event), "app", nil)
		io.WriteString(w.stream(), text)
		if w.end(false); said.String() != want {
			t.Errorf("%q: got %q, want %q", text, said.String(), want)
		}
	}
}
