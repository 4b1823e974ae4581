package apps_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
)

func TestEveryChangeOfALineIsNew(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	original := "serve()\n"
	for path, content := range map[string]string{"server.js": original, "node_modules/x/index.js": "x"} {
		path = filepath.Join(from, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	app, err := apps.Copy(from, to, "server.js", hostnode.Node{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(to, "node_modules")); err == nil {
		t.Error("node_modules were copied")
	}
	seen := map[string]bool{original: true}
	for range 3 {
		if err := app.ChangeLine(t.Context()); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(to, "server.js"))
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(content)] {
			t.Errorf("the same as before: %q", content)
		}
		seen[string(content)] = true
		if got := strings.Count(string(content), "\n"); got != 2 || !strings.HasPrefix(string(content), original) {
			t.Errorf("want one line after the original, got %q", content)
		}
	}
	if content, _ := os.ReadFile(filepath.Join(from, "server.js")); string(content) != original {
		t.Errorf("the original changed: %q", content)
	}
}

func TestAnAppWithoutTheFileThatChangesIsAnError(t *testing.T) {
	if _, err := apps.Copy(t.TempDir(), filepath.Join(t.TempDir(), "copy"), "server.js", hostnode.Node{}); err == nil {
		t.Error("got no error")
	}
}

func TestLockfileCountsPackages(t *testing.T) {
	dir := t.TempDir()
	lock := `{"packages":{"":{},"node_modules/a":{},"node_modules/a/node_modules/b":{},"node_modules/c":{"link":true}}}`
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte(lock), 0o644); err != nil {
		t.Fatal(err)
	}
	packages, digest, err := apps.Lockfile(dir)
	if err != nil || packages != 2 || len(digest) != 64 {
		t.Errorf("got %d, %q, %v, want 2 packages", packages, digest, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := apps.Lockfile(dir); err == nil {
		t.Error("a lockfile that is none: got no error")
	}
}
