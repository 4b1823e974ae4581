package versionfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/node/versionfile"
)

func TestFolder(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text string
		own        bool
	}{
		"nothing":             {file: "index.js"},
		"a package.json only": {file: "package.json", text: `{"name":"a"}`},
		"engines":             {file: "package.json", text: `{"engines":{"node":"22"}}`, own: true},
		"engines of npm only": {file: "package.json", text: `{"engines":{"npm":"10"}}`},
		"volta":               {file: "package.json", text: `{"volta":{"node":"22.1.0"}}`, own: true},
		".nvmrc":              {file: ".nvmrc", text: "22", own: true},
		".tool-versions":      {file: ".tool-versions", text: "nodejs 22.1.0", own: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			want := "/root"
			if tc.own {
				want = dir
			}
			if got := versionfile.Folder(dir, "/root"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
