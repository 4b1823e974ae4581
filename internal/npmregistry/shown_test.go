package npmregistry_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/npmregistry"
)

// Of what is shown, only what is right is taken; the registry is asked for the rest.
func TestShownArchivesAreTakenWhenTheyAreRight(t *testing.T) {
	const content = "the archive of a"
	want := sum(t, content)
	for _, tc := range []struct {
		name, shown string
		requests    int
	}{
		{"right", content, 0}, {"a bit flipped", "the archive of c", 1}, {"half of it", content[:5], 1}, {"more", content + "x", 1}, {"empty", "", 1},
		{"a folder", "/", 1}, {"none", "-", 1},
	} {
		requests := 0
		address, _ := server(t, map[string]http.HandlerFunc{"/a/-/a-1.0.0.tgz": func(w http.ResponseWriter, r *http.Request) {
			requests++
			gives(content)(w, r)
		}})
		shown := t.TempDir()
		place := filepath.Join(shown, want.Hex)
		var err error
		switch tc.shown {
		case "-":
		case "/":
			err = os.Mkdir(place, 0o755)
		default:
			err = os.WriteFile(place, []byte(tc.shown), 0o444)
		}
		if err != nil {
			t.Fatal(err)
		}
		archives := npmregistry.NewArchives(t.TempDir(), registry(t, "registry="+address), nil)
		archives.Shown = shown
		path, err := archives.Get(context.Background(), npmregistry.Wanted{Name: "a", Version: "1.0.0", Checksum: want})
		if err != nil || want.Verify(path) != nil || path != archives.Path(want) || requests != tc.requests {
			t.Errorf("%s: got %s, %v, after %d requests, want %d", tc.name, path, err, requests, tc.requests)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%s: left over: %v", tc.name, left)
		}
		archives.Close()
	}
}

func TestAllShownArchivesAreTakenForNPM(t *testing.T) {
	shown := t.TempDir()
	for name, text := range map[string]string{sum(t, "a").Hex: "a", sum(t, "b").Hex: "B", "README": "x"} {
		if err := os.WriteFile(filepath.Join(shown, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, archives := range []npmregistry.Archives{{Dir: t.TempDir()}, {Dir: t.TempDir(), Shown: shown + "/none"}, {Dir: t.TempDir(), Shown: shown}} {
		if err := archives.TakeAll(); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"a", "b"} {
			want := text == "a" && archives.Shown == shown
			if got := sum(t, text).Verify(archives.Path(sum(t, text))) == nil; got != want {
				t.Errorf("of %q: %s is there: %v, want %v", archives.Shown, text, got, want)
			}
		}
	}
}
