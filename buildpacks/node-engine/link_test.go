package nodeengine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/node/distribution"
)

// sourceOf makes a folder with a file, and two folders with a file each.
func sourceOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"file", "named/x", "other/y"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAMirrorTreatsEachFolderAsItIsTold(t *testing.T) {
	from, to := sourceOf(t), t.TempDir()
	if err := mirror(from, to, map[string]func(from, to string) error{"named": link}, copyFolder); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(to + "/named"); err != nil || target != from+"/named" {
		t.Errorf("got %s, %v, want a link", target, err)
	}
	for _, name := range []string{"file", "other/y"} {
		info, err := os.Lstat(filepath.Join(to, name))
		if err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: got %v, %v, want a file", name, info, err)
			continue
		}
		if text, err := os.ReadFile(filepath.Join(to, name)); string(text) != name {
			t.Errorf("%s: got %q, %v", name, text, err)
		}
	}
}

func TestAMirrorThatIsNotWholeIsAnError(t *testing.T) {
	errFault := errors.New("the disk is on fire")
	fault := func(string, string) error { return errFault }
	fine := func(string, string) error { return nil }
	for _, tc := range []struct {
		name          string
		named, others func(from, to string) error
		spoil         func(from, to string) error
		want          error
	}{
		{"nothing", fine, fine, nil, nil},
		{"a folder that is treated in its own way", fault, fine, nil, errFault},
		{"another folder", fine, fault, nil, errFault},
		{"a folder that is there", link, fine, func(_, to string) error { return os.Mkdir(to+"/named", 0o755) }, fs.ErrExist},
		{"a file's place", fine, fine, func(_, to string) error { return os.Mkdir(to+"/file", 0o755) }, syscall.EISDIR},
		{"a file that cannot be read", fine, fine, func(from, _ string) error {
			return errors.Join(os.Remove(from+"/file"), os.Symlink("nowhere", from+"/file"))
		}, fs.ErrNotExist},
		{"no folder", fine, fine, func(from, _ string) error { return os.RemoveAll(from) }, fs.ErrNotExist},
		{"a file in place of its folder", fine, fine, func(_, to string) error {
			return errors.Join(os.Remove(to), os.WriteFile(to, nil, 0o644))
		}, syscall.ENOTDIR},
	} {
		from, to := sourceOf(t), t.TempDir()
		if tc.spoil != nil {
			if err := tc.spoil(from, to); err != nil {
				t.Fatal(err)
			}
		}
		err := mirror(from, to, map[string]func(from, to string) error{"named": tc.named}, tc.others)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
	file := sourceOf(t) + "/file"
	if err := link(file, file+"/x"); err == nil {
		t.Error("a link below a file: got no error")
	}
}

func TestTheLibraryOfNPMIsLinkedWhereItMayBe(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"commands", "utils", "cli"} {
		if err := os.Mkdir(filepath.Join(from, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := linkLibrary(from, to); err != nil {
		t.Fatal(err)
	}
	for name, linked := range map[string]bool{"commands": true, "utils": true, "cli": false} {
		if _, err := os.Readlink(filepath.Join(to, name)); (err == nil) != linked {
			t.Errorf("%s: linked: %v, want %v", name, err == nil, linked)
		}
	}
}

func TestAReleaseThatCannotBeLinkedIsAnError(t *testing.T) {
	for _, name := range []string{"bin/node", "LICENSE", "include"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := linkRelease(distribution.Found{Node: t.TempDir()}, dir); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s is there: got %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := linkCommands(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no npm: got %v", err)
	}
	for _, name := range []string{npmHome + "/bin/npm-cli.js", npmHome + "/bin/npx-cli.js", "bin/npx"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := linkCommands(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("npx is there: got %v", err)
	}
}

func TestALayerThatCannotBeMadeIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node.toml"), []byte("["), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, dir + "/nowhere"} {
		i := installation{name: "node", layers: packit.Layers{Path: path}}
		if _, err := i.install(t.Context(), distribution.Found{}); err == nil {
			t.Errorf("%s: got no error", path)
		}
	}
	fault := errors.New("the disk is on fire")
	if err := unsupported(fault); err != fault {
		t.Errorf("got %v, want it as it is", err)
	}
}
