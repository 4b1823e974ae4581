//go:build linux

package rootfs_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

func TestLaterLayersGoBefore(t *testing.T) {
	dir, err := unpack(t, rootfs.Options{},
		layer(t, entry{name: "a", content: "1"}, entry{name: "gone", content: "x"}, entry{name: "d/old", content: "x"}, entry{name: "e/x/y", content: "x"}, entry{name: "kind/", content: ""}),
		layer(t, entry{name: "a", content: "2"}, entry{name: ".wh.gone"}, entry{name: "d/.wh..wh..opq"}, entry{name: "d/new", content: "3"}, entry{name: ".wh.e"}, entry{name: "e", content: "file"}, entry{name: "kind", to: "a"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a": "2", "d/new": "3", "e": "file", "kind": "2"} {
		if got := content(t, filepath.Join(dir, path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"gone", "d/old"} {
		if _, err := os.Lstat(filepath.Join(dir, path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want it gone", path, err)
		}
	}
}

func TestWhatALayerMakesItsOpaqueWhiteoutLeaves(t *testing.T) {
	dir, err := unpack(t, rootfs.Options{},
		layer(t, entry{name: "d/old", content: "x"}),
		layer(t, entry{name: "d/new", content: "3"}, entry{name: "d/.wh..wh..opq"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(filepath.Join(dir, "d")); len(list) != 1 || list[0].Name() != "new" {
		t.Errorf("got %v", list)
	}
}

func TestLinksAreFollowedAsInside(t *testing.T) {
	dir, err := unpack(t, rootfs.Options{},
		layer(t, entry{name: "run/", content: ""}, entry{name: "var/run", to: "/run"}, entry{name: "lib", to: "usr/lib"}, entry{name: "up", to: "../../../../run"}),
		layer(t, entry{name: "var/run/pid", content: "1"}, entry{name: "lib/x.so", content: "2"}, entry{name: "up/too", content: "3"}, entry{name: "same", to: "=var/run/pid"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"run/pid": "1", "usr/lib/x.so": "2", "run/too": "3", "same": "1"} {
		if got := content(t, filepath.Join(dir, path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// The previous entry's folder always has the same name, and is another one.
func TestAFolderThatIsReplacedIsFoundAnew(t *testing.T) {
	for name, tc := range map[string]struct {
		entries []entry
		want    string // the only file that exists, with content "2"
	}{
		"by a link to another":        {[]entry{{name: "other/"}, {name: "d/x", content: "1"}, {name: "d", to: "other"}, {name: "d/x", content: "2"}}, "other/x"},
		"as one that links lead to":   {[]entry{{name: "a/"}, {name: "b/"}, {name: "d", to: "a"}, {name: "d/y", content: "1"}, {name: ".wh.a"}, {name: "d", to: "b"}, {name: "d/x", content: "2"}}, "b/x"},
		"by a whiteout and a new one": {[]entry{{name: "d/y", content: "1"}, {name: ".wh.d"}, {name: "d/x", content: "2"}}, "d/x"},
		"with the one above it":       {[]entry{{name: "up/d/y", content: "1"}, {name: "up", content: "a file"}, {name: "up", to: "."}, {name: "up/d/x", content: "2"}}, "d/x"},
		"by a folder after a file":    {[]entry{{name: "d/y", content: "1"}, {name: "d", content: "a file"}, {name: "d/"}, {name: "d/x", content: "2"}}, "d/x"},
		"from within, by a link":      {[]entry{{name: "d/other/"}, {name: "d/m", to: "."}, {name: "l", to: "d/m"}, {name: "l/m", to: "other"}, {name: "l/x", content: "2"}}, "d/other/x"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpack(t, rootfs.Options{}, layer(t, tc.entries...))
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.Type().IsRegular() {
					files = append(files, path[len(dir)+1:])
				}
				return err
			})
			if err != nil || len(files) != 1 || files[0] != tc.want {
				t.Fatalf("got the files %v, %v, want %s", files, err, tc.want)
			}
			if got := content(t, filepath.Join(dir, tc.want)); got != "2" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestNothingIsWrittenOutside(t *testing.T) {
	for name, entries := range map[string][]entry{
		"a name that climbs":             {{name: "../outside/file", content: "x"}},
		"an absolute name":               {{name: "/../../outside/file", content: "x"}},
		"through a link that climbs":     {{name: "l", to: "../outside"}, {name: "l/file", content: "x"}},
		"through an absolute link":       {{name: "l", to: "/etc"}, {name: "l/passwd", content: "x"}},
		"onto a link":                    {{name: "l", to: "../outside/file"}, {name: "l", content: "x"}},
		"a hard link that climbs":        {{name: "h", to: "=../outside/file"}, {name: "h", content: "x"}},
		"a hard link through a link":     {{name: "l", to: "../outside"}, {name: "h", to: "=l/file"}},
		"a folder onto a link":           {{name: "l", to: "../outside"}, {name: "l/", content: ""}, {name: "l/file", content: "x"}},
		"a whiteout of the folder":       {{name: ".wh.."}},
		"a whiteout of the one above":    {{name: ".wh..."}},
		"a whiteout through a link":      {{name: "l", to: "../outside"}, {name: "l/.wh.file"}},
		"an opaque folder behind a link": {{name: "l", to: "../outside"}, {name: "l/.wh..wh..opq"}},
		"links in a circle":              {{name: "a", to: "b"}, {name: "b", to: "a"}, {name: "a/x", content: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			unpack(t, rootfs.Options{}, layer(t, entries...)) // an error is allowed: see what unpack checks
		})
	}
}

func TestALayerThatIsNotTheConfigurationsIsAnError(t *testing.T) {
	img := image(t, layer(t, entry{name: "a", content: "1"}))
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0].Hex = strings.Repeat("0", 64)
	img, err = mutate.ConfigFile(img, config)
	if err != nil {
		t.Fatal(err)
	}
	err = rootfs.Unpack(t.Context(), t.TempDir(), img, rootfs.Options{})
	if err == nil || !strings.Contains(err.Error(), "want sha256:0000") {
		t.Errorf("got %v", err)
	}
}

func TestCancellingEndsUnpacking(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := rootfs.Unpack(ctx, t.TempDir(), image(t, layer(t, entry{name: "a", content: "1"})), rootfs.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFoldersAndFilesToBindTo(t *testing.T) {
	dir, err := unpack(t, rootfs.Options{Folders: []string{"/proc", "/var/tmp"}, Files: []string{"/etc/resolv.conf", "/etc/hosts"}},
		layer(t, entry{name: "etc/resolv.conf", to: "../run/resolv.conf"}, entry{name: "etc/hosts", content: "kept"}))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"proc": fs.ModeDir, "var/tmp": fs.ModeDir, "etc/resolv.conf": 0, "etc/hosts": 0} {
		if info, err := os.Lstat(filepath.Join(dir, path)); err != nil || info.Mode().Type() != want {
			t.Errorf("%s: got %v, %v", path, info, err)
		}
	}
	if got := content(t, filepath.Join(dir, "etc/hosts")); got != "kept" {
		t.Errorf("got %q", got)
	}
}

func TestCloneSharesWhatItsUserCannotWrite(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files to another user takes root")
	}
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"mine", "others", "everybodys", "groups"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	os.Mkdir(filepath.Join(from, "closed"), 0o555)
	os.Symlink("mine", filepath.Join(from, "link"))
	if err := os.Chown(filepath.Join(from, "mine"), 1001, 1000); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(from, "everybodys"), 0o666)
	os.Chmod(filepath.Join(from, "groups"), 0o660)
	if err := os.Chown(filepath.Join(from, "groups"), 0, 1000); err != nil {
		t.Fatal(err)
	}
	if err := rootfs.Clone(from, to, 1001, 1000); err != nil {
		t.Fatal(err)
	}
	for name, wantShared := range map[string]bool{"mine": false, "others": true, "everybodys": false, "groups": false} {
		a, _ := os.Stat(filepath.Join(from, name))
		b, err := os.Stat(filepath.Join(to, name))
		if err != nil || os.SameFile(a, b) != wantShared || a.Mode() != b.Mode() || a.Sys().(*syscall.Stat_t).Uid != b.Sys().(*syscall.Stat_t).Uid {
			t.Errorf("%s: got %v, %v, shared %v", name, b, err, os.SameFile(a, b))
		}
	}
	if link, err := os.Readlink(filepath.Join(to, "link")); link != "mine" {
		t.Errorf("got %q, %v", link, err)
	}
}

// FuzzUnpack looks for an archive that writes outside of its folder.
func FuzzUnpack(f *testing.F) {
	f.Add(layer(f, entry{name: "a", content: "1"}, entry{name: "l", to: "../outside"}, entry{name: "l/file", content: "x"}))
	f.Add(layer(f, entry{name: ".wh..."}, entry{name: "h", to: "=../outside/file"}, entry{name: "d/.wh..wh..opq"}))
	f.Add(layer(f, entry{name: "a/", content: ""}, entry{name: "a/l", to: "/../.."}, entry{name: "a/l/b/../c", content: "x"}, entry{name: ".wh.a"}, entry{name: "a", to: "a/a"}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		dir, _ := unpack(t, rootfs.Options{Folders: []string{"/proc", "/a/l/tmp"}, Files: []string{"/etc/hosts"}}, archive)
		if err := home.RemoveAll(dir); err != nil { // regardless of the modes
			t.Error(err)
		}
	})
}
