package procfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/procfile"
)

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []procfile.Process
	}{
		{"none", "", nil},
		{"two", "web: node a.js\nworker-2 :  node b.js --x: y\n", []procfile.Process{{"web", "node a.js"}, {"worker-2", "node b.js --x: y"}}},
		{"lines of Windows and a mark", "\xef\xbb\xbfweb: a\r\nrelease: b\r\n", []procfile.Process{{"web", "a"}, {"release", "b"}}},
		{"what is none", "# web: a\n\nweb\nweb:\n a b: c\n", nil},
		{"too much", "web: a\n" + strings.Repeat("#", 1<<20), nil},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Procfile"), []byte(row.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := procfile.Read(dir); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "Procfile"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := procfile.Read(dir); got != nil {
		t.Errorf("a folder: got %q", got)
	}
}

func TestNPMReason(t *testing.T) {
	for _, row := range []struct {
		command string
		heeded  bool
		want    string
	}{
		{"npm run migrate", false, "Procfile: the process x calls npm"},
		{"node a.js && npx prisma migrate", false, "Procfile: the process x calls npx"},
		{"npm start", false, ""},
		{"npm run start", false, ""},
		{"npm start", true, "Procfile: the process x calls npm"},
		{"npm run start:prod", false, "Procfile: the process x calls npm"},
		{"node npm.js", true, ""},
	} {
		if got := procfile.NPMReason([]procfile.Process{{Type: "y", Command: "node y.js"}, {Type: "x", Command: row.command}}, row.heeded); got != row.want {
			t.Errorf("%s: got %q, want %q", row.command, got, row.want)
		}
	}
}
