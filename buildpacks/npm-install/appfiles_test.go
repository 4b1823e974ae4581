package npminstall

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyCompiles(t *testing.T) {
	for _, row := range []struct {
		script string
		want   bool
	}{
		{"node-gyp rebuild", true},
		{"node-gyp-build", true},
		{"node-gyp-build --release", true},
		{"prebuild-install || node-gyp rebuild --release", true},
		{"prebuild-install --runtime napi || exit 0", true},
		{"node-pre-gyp install --fallback-to-build", true},
		{"node-gyp configure build -- -Dflag=1 && true", true},
		{"node-gyp rebuild ; node gen.js", false},
		{"node install.js", false},
		{`node-gyp-build "npm run make"`, false},
		{"node-gyp-build other", false},
		{"node-gyp rebuild > $INIT_CWD/log", false},
		{"node-gyp rebuild | tee log", false},
		{"node-gyp rebuild & node gen.js", false},
		{"node-gyp rebuild $(node gen.js)", false},
		{"node-gyp rebuild `node gen.js`", false},
		{"node-gyp rebuild\nnode gen.js", false},
		{"node-gyp-extra rebuild", false},
		{"echo node-gyp rebuild", false},
	} {
		t.Run(row.script, func(t *testing.T) {
			if got := onlyCompiles(row.script); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}

// A checkout with another umask is the same app.
func TestADigestOfFilesIsThatOfWhatGitKeeps(t *testing.T) {
	dir := t.TempDir()
	digest := func() string {
		t.Helper()
		got, err := treeDigest(dir, "node_modules", ".git")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		place := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(place, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a/b", "text", 0o644)
	before := digest()
	for _, row := range []struct {
		name   string
		change func()
		same   bool
	}{
		{"a file for its owner only", func() { write("a/b", "text", 0o600) }, true},
		{"a folder for its group", func() { os.Chmod(filepath.Join(dir, "a"), 0o775) }, true},
		{"modules", func() { write("a/node_modules/x", "", 0o644) }, true},
		{"git's own", func() { write(".git/HEAD", "", 0o644) }, true},
		{"a file of that name", func() { write("c/.git", "", 0o644); os.RemoveAll(filepath.Join(dir, "c")) }, true},
		{"another content", func() { write("a/b", "more", 0o644) }, false},
		{"a program", func() { write("a/b", "text", 0o755) }, false},
		{"a link", func() { os.Remove(filepath.Join(dir, "a", "b")); os.Symlink("text", filepath.Join(dir, "a", "b")) }, false},
		{"an empty folder", func() { os.Remove(filepath.Join(dir, "a", "b")); os.Mkdir(filepath.Join(dir, "a", "b"), 0o755) }, false},
	} {
		row.change()
		if got := digest() == before; got != row.same {
			t.Errorf("%s: whether it is the same is %t", row.name, got)
		}
		os.RemoveAll(filepath.Join(dir, "a", "b"))
		write("a/b", "text", 0o644)
	}
}
