package modules

import (
	"os"
	"path/filepath"
	"testing"
)

// A manager gets the layer of before with its note, as long as nobody has changed
// the note.
func TestTheLayerOfBeforeIsThereForTheManager(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(s *scene) // between the builds
		want   string         // the note that the manager gets
	}{
		{"another lockfile", func(s *scene) { s.source[fakeLock] += "\n" }, "noted"},
		{"another note", func(s *scene) {
			s.source[fakeLock] += "\n"
			if err := os.WriteFile(s.in("build-modules", noteFile), []byte("forged"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"no layer", func(s *scene) { s.remove("build-modules") }, ""},
		{"what a killed build left", func(s *scene) {
			s.remove("build-modules")
			if err := writeFiles(s.in("build-modules.before"), files{"node_modules/a/index.js": ""}); err != nil {
				t.Fatal(err)
			}
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t)
			s.installed = func(p Part) error { p.Kept.Next = []byte("noted"); return nil }
			s.built(forBothRelink)
			tc.change(s)
			got, launched := "none", false
			s.installed = func(p Part) error {
				if !p.Dev {
					launched = true
					if p.Kept.Before != "" || p.Kept.Note != nil {
						t.Errorf("the launch layer got %+v", p.Kept)
					}
					return nil
				}
				got = string(p.Kept.Note)
				_, err := os.Stat(filepath.Join(p.Kept.Before, "node_modules/a/package.json"))
				if is := p.Kept.Before != "" && err == nil; is != (tc.want != "") {
					t.Errorf("the layer of before is there: %t, %v", is, err)
				}
				return nil
			}
			s.built(forBothRelink)
			if got != tc.want {
				t.Errorf("got the note %q, want %q", got, tc.want)
			}
			if tc.want != "" && !launched {
				t.Error("the launch layer was not made")
			}
			if _, err := os.Lstat(s.in("build-modules.before")); err == nil {
				t.Error("the layer of before is still there")
			}
			if _, err := os.Lstat(s.in("build-modules", noteFile)); err == nil {
				t.Error("a note is there that the manager did not write")
			}
		})
	}
}
