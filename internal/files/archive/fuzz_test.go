package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/files/archive"
)

func TestALinkOutThroughAnotherIsAnError(t *testing.T) {
	path := write(t, link("p/a/b/up", ".."), link("p/out", "a/b/up/../.."), file("p/x", "x"))
	err := archive.Unpack(t.Context(), path, t.TempDir(), archive.Selection{Dirs: map[string]string{"": "."}})
	if err == nil || !strings.Contains(err.Error(), "following the link out") {
		t.Errorf("got %v", err)
	}
}

// FuzzUnpack looks for an archive that writes outside of its folder, or leaves
// a link that leads there.
func FuzzUnpack(f *testing.F) {
	for _, headers := range [][]*tar.Header{
		{{Name: "p/a", Typeflag: tar.TypeReg}, {Name: "p/l", Typeflag: tar.TypeSymlink, Linkname: "a"}},
		{{Name: "p/a/b/up", Typeflag: tar.TypeSymlink, Linkname: ".."}, {Name: "p/out", Typeflag: tar.TypeSymlink, Linkname: "a/b/up/../.."}, {Name: "p/out/outside/x", Typeflag: tar.TypeReg}},
		{{Name: "p/../../outside/x", Typeflag: tar.TypeReg}, {Name: "/p/x", Typeflag: tar.TypeReg}, {Name: "p/d", Typeflag: tar.TypeDir}},
	} {
		var out bytes.Buffer
		entries := tar.NewWriter(&out)
		for _, header := range headers {
			if err := entries.WriteHeader(header); err != nil {
				f.Fatal(err)
			}
		}
		entries.Close()
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		w.Write(content)
		w.Close()
		base := t.TempDir()
		path, dir := filepath.Join(base, "archive"), filepath.Join(base, "dir")
		if err := errors.Join(os.WriteFile(path, zipped.Bytes(), 0o644), os.Mkdir(dir, 0o755), os.Mkdir(base+"/outside", 0o755)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		err := archive.Unpack(ctx, path, dir, archive.Selection{Dirs: map[string]string{"": "."}})
		list, _ := os.ReadDir(base)
		if inside, _ := os.ReadDir(base + "/outside"); len(list) != 3 || len(inside) != 0 {
			t.Errorf("outside there is now %v, %v", list, inside)
		}
		if err != nil {
			return
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type()&fs.ModeSymlink != 0 {
				name, _ := filepath.Rel(dir, path)
				if _, err := root.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v", name, err)
				}
			}
			return err
		})
	})
}
