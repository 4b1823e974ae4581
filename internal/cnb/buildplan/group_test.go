package buildplan_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
)

func TestReadGroup(t *testing.T) {
	dir := t.TempDir()
	if got, err := buildplan.ReadGroup(dir); err != nil || len(got) != 0 {
		t.Errorf("without the file: got %v, %v", got, err)
	}
	for _, row := range []struct {
		text string
		want buildplan.Group
	}{
		{"[[group]]\nid = \"a/b-c\"\nversion = \"1\"\napi = \"0.10\"\n\n[[group]]\nid = \"d\"\n", buildplan.Group{"b-c": true, "d": true}},
		{"", buildplan.Group{}},
		{"[", nil},
	} {
		if err := os.WriteFile(filepath.Join(dir, "group.toml"), []byte(row.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := buildplan.ReadGroup(dir); !maps.Equal(got, row.want) || (err == nil) != (row.want != nil) {
			t.Errorf("%q: got %v, %v, want %v", row.text, got, err, row.want)
		}
	}
}
