package runimage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/runimage"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestID(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"an id", "[run-image.target]\nid = \"io.example.run\"\n", "io.example.run"},
		{"an image that is extended", "[run-image]\nextend = true\n[run-image.target]\nid = \"x\"\n", ""},
		{"no id", "[run-image]\n", ""},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "analyzed.toml"), row.text)
		if got, err := runimage.ID(dir); err != nil || got != row.want {
			t.Errorf("%s: got %q, %v, want %q", row.name, got, err, row.want)
		}
	}
	if got, err := runimage.ID(t.TempDir()); err != nil || got != "" {
		t.Errorf("no file: got %q, %v", got, err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "analyzed.toml"), "no TOML")
	if _, err := runimage.ID(dir); err == nil {
		t.Error("a file that is no TOML is no error")
	}
}

func TestPackages(t *testing.T) {
	dir := t.TempDir()
	libc, bash := "Package: libc6\nVersion: 1\n\n", "Package: bash\nVersion: 2\n\n"
	write(t, filepath.Join(dir, "run"), bash+libc)
	write(t, filepath.Join(dir, "tiny"), libc)
	for _, row := range []struct{ name, dir, id, want string }{
		{"a listed image", dir, "run", bash + libc},
		{"another listed image", dir, "tiny", libc},
		{"an image of somebody else", dir, "other", libc},
		{"an image without an id", dir, "", libc},
		{"an id that is a path", dir, "../run", libc},
		{"no folder", filepath.Join(dir, "none"), "run", ""},
	} {
		if got, err := runimage.Packages(row.dir, row.id); err != nil || string(got) != row.want {
			t.Errorf("%s: got %q, %v, want %q", row.name, got, err, row.want)
		}
	}
}
