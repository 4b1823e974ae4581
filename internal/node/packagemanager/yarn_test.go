package packagemanager_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

func TestEntries(t *testing.T) {
	const two = "# yarn lockfile v1\n\n\n\"@x/a@^1.0.0\", \"@x/a@^1.1.0\":\n  version \"1.1.0\"\n  dependencies:\n    ms \"^2.0.0\"\n\nms@^2.0.0:\n  version \"2.0.0\"\n"
	for _, row := range []struct {
		name, text string
		want       int
		err        string
	}{
		{"two", two, 2, ""},
		{"the line ends of Windows", strings.ReplaceAll(two, "\n", "\r\n"), 2, ""},
		{"no line end at the end", strings.TrimSuffix(two, "\n"), 2, ""},
		{"an empty file", "", 0, ""},
		{"only the head", "# yarn lockfile v1\n\n\n", 0, ""},
		{"a merge conflict", strings.Replace(two, "ms@^2.0.0:\n", "<<<<<<< HEAD\nms@^2.0.0:\n", 1), 0, `line 9, "<<<<<<< HEAD"`},
		{"a byte order mark", "\xef\xbb\xbf# yarn lockfile v1\n", 0, "line 1"},
		{"UTF-16", "\xff\xfe#\x00\n\x00", 0, "line 1"},
		{"a value before any entry", "  version \"1.0.0\"\n", 0, "line 1"},
		{"a value at the wrong depth", "ms@2:\n   version \"1.0.0\"\n", 0, "line 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "yarn.lock", row.text)
			got, err := packagemanager.Entries(filepath.Join(dir, "yarn.lock"))
			if row.err == "" && (err != nil || got != row.want) || row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err)) {
				t.Errorf("got %d, %v, want %d, %q", got, err, row.want, row.err)
			}
		})
	}
}

func TestAHugeLockfileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yarn.lock")
	if err := errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 64<<20+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := packagemanager.Entries(path); !errors.Is(err, &failure.Failure{ID: "app-file-too-large"}) {
		t.Errorf("got %v", err)
	}
}
