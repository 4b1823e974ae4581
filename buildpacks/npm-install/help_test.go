package npminstall_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
)

// otherVersions puts an npm before the real one that tells other versions of
// itself, by a substitution of sed's, and is the real one otherwise.
func otherVersions(t *testing.T, env environ.List, from, to string) environ.List {
	t.Helper()
	real, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = version ]; then %[1]s \"$@\" | sed 's/%[2]s/%[3]s/'; else exec %[1]s \"$@\"; fi\n", real, from, to)
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return env.With("PATH", dir+":"+env.Get("PATH"))
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(before, text...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// treeOf describes everything in a folder: paths, modes, contents.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content := ""
		switch entry.Type() {
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		case 0:
			var text []byte
			text, err = os.ReadFile(path)
			content = string(text)
		}
		all[path] = info.Mode().String() + " " + content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
