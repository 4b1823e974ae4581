package tree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestInRoom(t *testing.T) {
	base := t.TempDir()
	outside := filepath.Join(base, "outside")
	for _, folder := range []string{"room/app/a", "room/layers", "outside"} {
		if err := os.MkdirAll(filepath.Join(base, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{"workspace": "room/app", "room/app/away": outside, "linked": "room/app/a"}
	for link, to := range links {
		if err := os.Symlink(to, filepath.Join(base, link)); err != nil {
			t.Fatal(err)
		}
	}
	was := room
	room = filepath.Join(base, "room")
	t.Cleanup(func() { room = was })
	for folder, want := range map[string]string{
		"room/app":           "room/app",
		"workspace":          "room/app", // a mount looks like a link here
		"workspace/a":        "room/app/a",
		"workspace/new/deep": "room/app/new/deep",
		"room/layers/x":      "room/layers/x",
		"linked":             "",
		"outside":            "",
		"room":               "",
		".":                  "",
	} {
		if want != "" {
			want = filepath.Join(base, want)
		}
		if got, ok := InRoom(filepath.Join(base, folder)); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t, want %q", folder, got, ok, want)
		}
	}
	if err := os.Rename(filepath.Join(room, "layers"), filepath.Join(base, "moved")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(room, "layers")); err != nil {
		t.Fatal(err)
	}
	if got, ok := InRoom(outside); ok {
		t.Errorf("a room with a link: got %q", got)
	}
	room = filepath.Join(base, "none")
	if got, ok := InRoom(filepath.Join(base, "workspace")); ok {
		t.Errorf("without a room: got %q", got)
	}
}
