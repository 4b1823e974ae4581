//go:build linux

package phases

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/empty"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Scripts of the app could leave anything in the first build's layers.
func TestOnlyWhatIsKnownOfLayersForAnyTargetIsTakenOver(t *testing.T) {
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	made := func(first *Build) *Build {
		b := &Build{Options: Options{Way: sandbox.Users, Home: h}, builder: &builder{user: os.Geteuid(), group: os.Getegid()}, first: first}
		if b.work, err = h.NewWork(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.work.Close() })
		if _, err := b.work.Folder("room/layers", 0o755); err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := made(nil)
	b := made(first)
	theirs, ours, outside := first.work.Path("room/layers"), b.work.Path("room/layers"), t.TempDir()
	layer := func(types, anyTarget string) string {
		return "[types]\n" + types + "\n[metadata]\nany-target = " + anyTarget + "\ncache_sha = \"1\"\n"
	}
	good := layer("launch = true", "true")
	write(t, theirs+"/a_one/good.toml", good)
	write(t, theirs+"/a_one/good/content", "")
	write(t, theirs+"/a_two/good.toml", good)
	write(t, theirs+"/a_one/here.toml", good)
	write(t, ours+"/a_one/here.toml", "ours")
	write(t, theirs+"/a_one/other-target.toml", layer("launch = true", "false"))
	write(t, theirs+"/a_one/text.toml", layer("launch = true", `"true"`))
	write(t, theirs+"/a_one/cached.toml", layer("launch = true\ncache = true", "true"))
	write(t, theirs+"/a_one/build.toml", layer("launch = true\nbuild = true", "true"))
	write(t, theirs+"/a_one/none.toml", layer("", "true"))
	write(t, theirs+"/a_one/malformed.toml", good+"=")
	write(t, theirs+"/a_one/large.toml", good+strings.Repeat("#", 1<<20))
	write(t, theirs+"/top.toml", good)
	write(t, outside+"/good.toml", good)
	for link, to := range map[string]string{"a_one/link.toml": outside + "/good.toml", "a_link": outside} {
		if err := os.Symlink(to, filepath.Join(theirs, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(theirs+"/a_one/fifo.toml", 0o600); err != nil {
		t.Fatal(err)
	}
	took, err := b.takeMetadata()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = fs.WalkDir(os.DirFS(ours), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			text, err := os.ReadFile(filepath.Join(ours, path))
			got[path] = string(text)
			return err
		}
		return err
	})
	known := "[metadata]\n  any-target = true\n  cache_sha = \"1\"\n"
	if err != nil || len(got) != 3 || got["a_one/good.toml"] != known || got["a_two/good.toml"] != known || got["a_one/here.toml"] != "ours" {
		t.Errorf("got %q, %v", got, err)
	}
	if !took {
		t.Error("the build does not know that it took something")
	}
}

func TestASecondTargetWaitsWhereThatSavesTime(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(b, other *Build)
		want   bool
	}{
		{"modules for any target", func(*Build, *Build) {}, true},
		{"a rebase", func(b, _ *Build) { b.Rebase = empty.Image }, false},
		{"an emulated one", func(b, _ *Build) { b.Host = other(b.Host) }, false},
		{"after an emulated one", func(_, first *Build) { first.Host = other(first.Host) }, false},
		{"a build before it", func(b, _ *Build) { write(t, b.manifestPath(), "x") }, false},
		{"a build script", func(b, _ *Build) { write(t, b.Source()+"/package.json", `{"scripts":{"build":"x"}}`) }, false},
		{"no package.json", func(b, _ *Build) { os.Remove(b.Source() + "/package.json") }, false},
		{"scripts that were asked for", func(b, _ *Build) { b.Env["BP_NODE_RUN_SCRIPTS"] = "x" }, false},
		{"modules that nobody checks", func(b, _ *Build) { b.Env["BP_NODE_MODULES_CHECK"] = "off" }, false},
		{"no lockfile", func(b, _ *Build) { os.Remove(b.Source() + "/package-lock.json") }, false},
		{"a module for some targets", func(b, _ *Build) {
			write(t, b.Source()+"/package-lock.json", strings.Replace(plainLock, `"inBundle"`, `"cpu":["x64"],"inBundle"`, 1))
		}, false},
	} {
		b := working(t)
		write(t, b.Source()+"/package.json", plainPackage)
		write(t, b.Source()+"/package-lock.json", plainLock)
		first := &Build{Options: b.Options}
		tc.change(b, first)
		if got := b.follows(first); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestAnEventHappensOnceForAll(t *testing.T) {
	e := newEvent()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := e.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("before it: got %v", err)
	}
	e.tell()
	e.tell()
	if err := e.wait(t.Context()); err != nil {
		t.Errorf("after it: got %v", err)
	}
}
