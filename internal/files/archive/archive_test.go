package archive_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/archive"
)

func file(name, text string) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(text)), Linkname: text}
}

func link(name, to string) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: to}
}

// write makes an archive. A regular file's content is what its Linkname says.
func write(t *testing.T, headers ...*tar.Header) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive.tgz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	entries := tar.NewWriter(zipped)
	for _, header := range headers {
		h := *header
		text := ""
		if h.Typeflag == tar.TypeReg {
			text, h.Linkname = h.Linkname, ""
		}
		if err := entries.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := entries.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(entries.Close(), zipped.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// tree lists what is below dir: "<mode> <path>", and where links point.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if info.Mode()&os.ModeSymlink != 0 {
			points, _ := os.Readlink(path)
			lines = append(lines, name+" -> "+points)
			return nil
		}
		lines = append(lines, fmt.Sprintf("%o %s", info.Mode().Perm(), name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestUnpackTakesWhatIsSelected(t *testing.T) {
	program := file("node-v1/bin/node", "program")
	program.Mode = 0o4777
	path := write(t,
		&tar.Header{Name: "node-v1/", Typeflag: tar.TypeDir, Mode: 0o700},
		file("node-v1/README.md", "no"),
		file("node-v1/LICENSE", "license"),
		program,
		file("node-v1/include/node/node.h", "header"),
		file("node-v1/includes/other.h", "no"),
		file("node-v1/include/vms/vms.h", "no"),
		file("node-v1/lib/node_modules/npm/index.js", "npm"),
		link("node-v1/lib/node_modules/npm/link.js", "./index.js"),
	)
	dir := t.TempDir()
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	err := archive.Unpack(context.Background(), path, dir, archive.Selection{
		Files: map[string]string{"bin/node": "bin/node", "LICENSE": "LICENSE"},
		Dirs:  map[string]string{"include": "include", "lib/node_modules/npm": "lib/npm"},
		Skip:  func(name string) bool { return strings.HasPrefix(name, "include/vms/") },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"644 LICENSE", "700 bin", "755 bin/node", "700 include", "700 include/node", "644 include/node/node.h",
		"700 lib", "700 lib/npm", "644 lib/npm/index.js", "lib/npm/link.js -> ./index.js",
	}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// What is unpacked already is copied with the same result.
func TestUnpackCopiesFromAFolder(t *testing.T) {
	program := file("node-v1/bin/node", "program")
	program.Mode = 0o755
	path := write(t,
		program, file("node-v1/README.md", "no"), file("node-v1/LICENSE", "license"), file("node-v1/include/node/node.h", "header"),
		file("node-v1/include/vms/vms.h", "no"), file("node-v1/lib/npm/index.js", "npm"), link("node-v1/lib/npm/link.js", "./index.js"))
	folder := t.TempDir()
	if err := archive.Unpack(context.Background(), path, folder, archive.Selection{Dirs: map[string]string{"": ""}}); err != nil {
		t.Fatal(err)
	}
	for name, selection := range map[string]archive.Selection{
		"everything": {Dirs: map[string]string{"": "all"}},
		"some": {
			Files: map[string]string{"bin/node": "node", "LICENSE": "LICENSE"},
			Dirs:  map[string]string{"include": "include", "lib/npm": "npm"},
			Skip:  func(name string) bool { return strings.HasPrefix(name, "include/vms/") },
		},
	} {
		var trees [2][]string
		for i, from := range []string{path, folder} {
			dir := t.TempDir()
			if err := archive.Unpack(context.Background(), from, dir, selection); err != nil {
				t.Fatal(err)
			}
			trees[i] = tree(t, dir)
		}
		if !slices.Equal(trees[0], trees[1]) {
			t.Errorf("%s: got %q of the archive and %q of the folder", name, trees[0], trees[1])
		}
	}
	err := archive.Unpack(context.Background(), folder, t.TempDir(), archive.Selection{
		Files: map[string]string{"bin/npm": "npm"}, Dirs: map[string]string{"share": "share"},
	})
	if err == nil || !strings.HasSuffix(err.Error(), "the archive has no bin/npm, share/") {
		t.Errorf("what the folder lacks: got %v", err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "lib/npm/out")); err != nil {
		t.Fatal(err)
	}
	if err := archive.Unpack(context.Background(), folder, t.TempDir(), archive.Selection{Dirs: map[string]string{"lib": "lib"}}); err == nil || !strings.Contains(err.Error(), "outside of its folder") {
		t.Errorf("a link out of the folder: got %v", err)
	}
}

func TestUnpackTakesAWholeArchive(t *testing.T) {
	dir := t.TempDir()
	err := archive.Unpack(context.Background(), write(t, file("package/package.json", "{}"), file("package/bin/x.js", "")), dir,
		archive.Selection{Dirs: map[string]string{"": "lib/npm"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"755 lib", "755 lib/npm", "755 lib/npm/bin", "644 lib/npm/bin/x.js", "644 lib/npm/package.json"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestUnpackStopsReadingWhenItHasAllFiles(t *testing.T) {
	noise := make([]byte, 1<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	path := write(t, file("package/a", "a"), file("package/b", string(noise)))
	if err := os.Truncate(path, 1<<19); err != nil { // in the middle of b
		t.Fatal(err)
	}
	if err := archive.Unpack(context.Background(), path, t.TempDir(), archive.Selection{Files: map[string]string{"b": "b"}}); err == nil {
		t.Error("b: got no error")
	}
	if err := archive.Unpack(context.Background(), path, t.TempDir(), archive.Selection{Files: map[string]string{"a": "a"}}); err != nil {
		t.Errorf("a: got %v", err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	all := archive.Selection{Dirs: map[string]string{"": "."}}
	for _, tc := range []struct {
		name      string
		headers   []*tar.Header
		selection archive.Selection
		want      string
	}{
		{name: "a path that climbs out", headers: []*tar.Header{file("package/../../evil", "x")}, selection: all, want: "outside of its folder"},
		{name: "a path that climbs out inside", headers: []*tar.Header{file("package/a/../../../evil", "x")}, selection: all, want: "outside of its folder"},
		{name: "a link that climbs out", headers: []*tar.Header{link("package/a", "../evil")}, selection: all, want: `links to "../evil", outside`},
		{name: "an absolute link", headers: []*tar.Header{link("package/a", "/etc/passwd")}, selection: all, want: "outside"},
		{
			name: "a hard link", selection: all, want: "want a file, a folder or a symbolic link",
			headers: []*tar.Header{{Name: "package/a", Typeflag: tar.TypeLink, Linkname: "package/b"}},
		},
		{
			name: "a device", selection: all, want: "want a file, a folder or a symbolic link",
			headers: []*tar.Header{{Name: "package/a", Typeflag: tar.TypeChar}},
		},
		{name: "the same file twice", headers: []*tar.Header{file("package/a", "1"), file("package/a", "2")}, selection: all, want: "file exists"},
		{
			name: "a missing file", headers: []*tar.Header{file("package/a", "1")}, want: "has no bin/node",
			selection: archive.Selection{Files: map[string]string{"bin/node": "bin/node"}},
		},
		{
			name: "a missing folder", headers: []*tar.Header{file("package/a", "1")}, want: "has no include/",
			selection: archive.Selection{Dirs: map[string]string{"include": "include"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			outer := t.TempDir()
			dir := filepath.Join(outer, "inner")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			err := archive.Unpack(context.Background(), write(t, tc.headers...), dir, tc.selection)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if entries, _ := os.ReadDir(outer); len(entries) != 1 {
				t.Errorf("something was written outside: %v", entries)
			}
		})
	}
}

func TestUnpackDoesNotFollowALinkOutOfItsFolder(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "inner")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outer, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	err := archive.Unpack(context.Background(), write(t, file("package/out/evil", "x")), dir, archive.Selection{Dirs: map[string]string{"": "."}})
	if err == nil {
		t.Error("got no error")
	}
	if _, err := os.Stat(filepath.Join(outer, "evil")); err == nil {
		t.Error("it was written outside")
	}
}

func TestUnpackEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	err := archive.Unpack(ctx, write(t, file("package/a", "1")), dir, archive.Selection{Dirs: map[string]string{"": "."}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestUnpackOfSomethingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte("<html>not here</html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := archive.Unpack(context.Background(), path, t.TempDir(), archive.Selection{Dirs: map[string]string{"": "."}}); err == nil {
		t.Error("got no error")
	}
}

func TestUnpackOntoAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a small file system: %s", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	err := archive.Unpack(context.Background(), write(t, file("package/big", strings.Repeat("x", 2<<20))), dir, archive.Selection{Dirs: map[string]string{"": "."}})
	if !errors.Is(err, &failure.Failure{ID: "disk-full"}) {
		t.Errorf("got %v, want a failure disk-full", err)
	}
}
