//go:build linux

package unpack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/npmtree/unpack"
)

// entry is an entry of an archive.
type entry struct {
	name, text, link string
	kind             byte // tar.TypeReg if 0
	mode             int64
}

// pack packs entries, without compression.
func pack(entries ...entry) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: e.mode, Size: int64(len(e.text))}
		if e.kind == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := errors.Join(w.WriteHeader(header), func() error { _, err := w.Write([]byte(e.text)); return err }()); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func zipped(text []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// unpacked unpacks into a folder, and returns the files by path, and whether a file
// is outside of the folder.
func unpacked(t *testing.T, archive []byte, programs ...string) (files map[string]string, err error) {
	t.Helper()
	around := t.TempDir()
	dir := filepath.Join(around, "a", "package")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = unpack.Into(dir, bytes.NewReader(archive), programs, false)
	files = map[string]string{}
	walked := filepath.WalkDir(around, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, outside := strings.CutPrefix(path, dir+"/")
		if !outside || !e.Type().IsRegular() {
			t.Errorf("there is %s, of the kind %s", path, e.Type())
		}
		text, err := os.ReadFile(path)
		info, statErr := e.Info()
		if statErr == nil {
			files[rel] = info.Mode().String()[1:] + " " + string(text)
		}
		return errors.Join(err, statErr)
	})
	if walked != nil {
		t.Fatal(walked)
	}
	return files, err
}

// An archive of gzip may have several members, and zeros behind them.
func TestWhatFollowsAGzip(t *testing.T) {
	archive := pack(entry{name: "p/a.js", text: "1", mode: 0o644})
	zeros := make([]byte, 100<<10)
	for _, row := range []struct {
		name string
		text []byte
		good bool
	}{
		{"zeros", slices.Concat(zipped(archive), zeros), true},
		{"a zero", append(zipped(archive), 0), true},
		{"a second member", slices.Concat(zipped(archive[:700]), zipped(archive[700:])), true},
		{"a second member and zeros", slices.Concat(zipped(archive[:512]), zipped(archive[512:]), zeros), true},
		{"zeros and something else", slices.Concat(zipped(archive), zeros, []byte("x")), false},
		{"something else", append(zipped(archive), 'x'), false},
		{"half a second member", slices.Concat(zipped(archive[:700]), zipped(archive[700:])[:20]), false},
	} {
		files, err := unpacked(t, row.text)
		var odd *unpack.OddError
		if row.good != (err == nil) || !row.good && !errors.As(err, &odd) || row.good && files["a.js"] != "rw-r--r-- 1" {
			t.Errorf("%s: got %q, %v", row.name, files, err)
		}
	}
}

// What npm makes of these archives is in the fixture of npmtree/install, too.
func TestFilesAreUnpackedAsNPMDoes(t *testing.T) {
	for _, tc := range []struct {
		name     string
		entries  []entry
		programs []string
		want     map[string]string
	}{
		{"a file", []entry{{name: "package/a.js", text: "1", mode: 0o644}}, nil, map[string]string{"a.js": "rw-r--r-- 1"}},
		{"the first folder has any name", []entry{{name: "x/a", mode: 0o644}, {name: "y/b", mode: 0o644}}, nil, map[string]string{"a": "rw-r--r-- ", "b": "rw-r--r-- "}},
		{"a file without a folder", []entry{{name: "a", mode: 0o644}}, nil, map[string]string{}},
		{"everybody may read", []entry{{name: "p/a", mode: 0o400}, {name: "p/b", mode: 0}}, nil, map[string]string{"a": "rw-r--r-- ", "b": "rw-r--r-- "}},
		{"an executable file", []entry{{name: "p/a", mode: 0o700}, {name: "p/b", mode: 0o755}}, nil, map[string]string{"a": "rwxr--r-- ", "b": "rwxr-xr-x "}},
		{"a program", []entry{{name: "p/bin/a", mode: 0o644}, {name: "p/a", mode: 0o644}}, []string{"bin/a"}, map[string]string{"bin/a": "rwxr-xr-x ", "a": "rw-r--r-- "}},
		{"the first mode and the last text", []entry{{name: "p/a", text: "long", mode: 0o755}, {name: "p/a", text: "2", mode: 0o644}}, nil, map[string]string{"a": "rwxr-xr-x 2"}},
		{".gitignore", []entry{{name: "p/.gitignore", text: "1", mode: 0o644}}, nil, map[string]string{".npmignore": "rw-r--r-- 1"}},
		{".gitignore after .npmignore", []entry{{name: "p/.npmignore", text: "1", mode: 0o644}, {name: "p/.gitignore", text: "2", mode: 0o644}}, nil, map[string]string{".npmignore": "rw-r--r-- 1"}},
		{".gitignore before .npmignore", []entry{{name: "p/.gitignore", text: "1", mode: 0o644}, {name: "p/.npmignore", text: "2", mode: 0o644}}, nil, map[string]string{".npmignore": "rw-r--r-- 2"}},
		{"links", []entry{{name: "p/a", kind: tar.TypeSymlink, link: "/etc/passwd"}, {name: "p/b", kind: tar.TypeLink, link: "p/a"}, {name: "p/c", mode: 0o644}}, nil, map[string]string{"c": "rw-r--r-- "}},
		{"an empty folder", []entry{{name: "p/a/", kind: tar.TypeDir}}, nil, map[string]string{}},
		{"names that differ only in case", []entry{{name: "p/a", text: "1", mode: 0o644}, {name: "p/A", text: "2", mode: 0o644}}, nil, map[string]string{"a": "rw-r--r-- 1", "A": "rw-r--r-- 2"}},
		{"out of the folder", []entry{{name: "p/../../a"}, {name: "../../a"}, {name: "p/x/../../../a"}}, nil, map[string]string{}},
		{"an absolute path", []entry{{name: "/p/a", mode: 0o644}}, nil, map[string]string{"p/a": "rw-r--r-- "}},
		{"the folder itself", []entry{{name: "p/."}}, nil, map[string]string{}},
		{"a deep path", []entry{{name: "p/" + strings.Repeat("a/", 1024) + "b"}}, nil, map[string]string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, archive := range [][]byte{pack(tc.entries...), zipped(pack(tc.entries...))} {
				got, err := unpacked(t, archive, tc.programs...)
				if err != nil || !maps.Equal(got, tc.want) {
					t.Errorf("got %q, %v, want %q", got, err, tc.want)
				}
			}
		})
	}
}

// npm may do something else with these, or nothing.
func TestAnOddArchiveIsSaidToBeOdd(t *testing.T) {
	whole := zipped(pack(entry{name: "p/a", text: strings.Repeat("text ", 1000)}))
	broken := pack(entry{name: "p/a", text: "1"})
	broken[0] = 'q' // so that the header's checksum is wrong
	for _, tc := range []struct {
		name    string
		archive []byte
	}{
		{"nothing", nil},
		{"no gzip", []byte{0x1f, 0x8b, 1}},
		{"a shorter one", whole[:len(whole)/2]},
		{"one without its end", whole[:len(whole)-4]},
		{"more behind it", append(slices.Clone(whole), "garbage"...)},
		{"a damaged header", broken},
		{"a device", pack(entry{name: "p/a", kind: tar.TypeChar})},
		{"a pipe", pack(entry{name: "p/a", kind: tar.TypeFifo})},
		{"a file that is a folder, too", pack(entry{name: "p/a"}, entry{name: "p/a/b"})},
		{"a folder that is a file, too", pack(entry{name: "p/a/b"}, entry{name: "p/a"})},
		{"a backslash", pack(entry{name: `p/a\..\b`})},
		{"two slashes, which some versions of npm ignore", pack(entry{name: "p//a"})},
		{"a drive", pack(entry{name: "p/c:/a"})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := unpacked(t, tc.archive)
			var odd *unpack.OddError
			if !errors.As(err, &odd) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A link where a package is unpacked is not followed.
func TestALinkThatIsThereIsNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack.Into(dir, bytes.NewReader(pack(entry{name: "p/a", text: "1"})), nil, false); err == nil {
		t.Error("got no error")
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("the link was followed")
	}
}

// FuzzInto looks for an archive that leads out of the folder, makes a link, or ends
// the program.
func FuzzInto(f *testing.F) {
	f.Add(pack(entry{name: "p/a", text: "1"}, entry{name: "../b"}, entry{name: "p/c", kind: tar.TypeSymlink, link: ".."}))
	f.Add(zipped(pack(entry{name: "p/.gitignore"}, entry{name: "/p/../x/a"})))
	f.Fuzz(func(t *testing.T, archive []byte) { _, _ = unpacked(t, archive) })
}
