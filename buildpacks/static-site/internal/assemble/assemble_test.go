package assemble_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, dir string, o assemble.Options) *assemble.Scan {
	t.Helper()
	scan, err := assemble.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scan.Close() })
	return scan
}

// below lists the files below a folder.
func below(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var text = strings.Repeat("a line of text\n", 100)

func TestWhatIsPartOfASite(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside, map[string]string{"secret.txt": "s"})
	write(t, dir, map[string]string{
		"index.html": "x", "a/b.js": text, ".env": "x", ".git/HEAD": "x", "a/.hidden/x": "x", ".well-known/x": "x", "a/.well-known/x": "x",
		"_headers": "/*\n  X-A: 1\n  Date: 1\n", "_redirects": "/a /b\n/x\n", "package.json": "{}", "a/package.json": "{}",
	})
	for name, to := range map[string]string{"link.js": "a/b.js", "out.txt": filepath.Join(outside, "secret.txt"), "up.txt": "../" + filepath.Base(outside) + "/secret.txt", "gone.txt": "nothing", "folder": "a", "outside": outside} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	scan := open(t, dir, assemble.Options{Except: []string{"package.json"}})
	want := []string{".well-known/x", "a/b.js", "a/package.json", "index.html", "link.js"}
	if got := slices.Sorted(maps.Keys(scan.Site.Files)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if scan.Site.Files["link.js"].Digest != scan.Site.Files["a/b.js"].Digest {
		t.Error("a link has another digest than its file")
	}
	wantOut := []string{"folder: it is no file", "gone.txt: the link leads nowhere, or out of the folder", "out.txt: the link leads nowhere, or out of the folder", "outside: the link leads nowhere, or out of the folder", "up.txt: the link leads nowhere, or out of the folder"}
	if !reflect.DeepEqual(scan.LeftOut, wantOut) {
		t.Errorf("got %q, want %q", scan.LeftOut, wantOut)
	}
	if len(scan.Site.Headers) != 1 || len(scan.Site.Redirects) != 1 || len(scan.Ignored) != 2 || !strings.HasPrefix(scan.Ignored[0], "_headers, line 3: ") || !strings.HasPrefix(scan.Ignored[1], "_redirects, line 2: ") {
		t.Errorf("got %v, %v, %q", scan.Site.Headers, scan.Site.Redirects, scan.Ignored)
	}
}

func TestCompressedFormsAreThereWhereTheyAreSmaller(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"a.js": text, "tiny.js": "1", "photo.png": text, "random.bin": "\x00" + noise(400)})
	scan := open(t, dir, assemble.Options{})
	written, err := scan.Write(out, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := (assemble.Written{Files: 4, Size: int64(2*len(text)) + 402, Packed: 1}); written != want {
		t.Errorf("got %+v, want %+v", written, want)
	}
	want := []string{"br/a.js", "files/a.js", "files/photo.png", "files/random.bin", "files/tiny.js", "gzip/a.js", "index.json", "zstd/a.js"}
	if got := below(t, out); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	root, err := os.OpenRoot(out)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	read, err := site.Read(root)
	if err != nil || !reflect.DeepEqual(read, scan.Site) {
		t.Errorf("got %+v, %v, want %+v", read, err, scan.Site)
	}
	forms := read.Files["a.js"].Encodings
	if len(forms) != 3 || forms[0].Size > forms[1].Size || forms[1].Size > forms[2].Size || forms[2].Size >= int64(len(text)) {
		t.Errorf("got %v, want the smallest first", forms)
	}
}

// noise is a text that cannot be compressed.
func noise(n int) string {
	bytes, x := make([]byte, n), uint32(1)
	for i := range bytes {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		bytes[i] = byte(x >> 8)
	}
	return string(bytes)
}

func TestTheKeyIsOfTheContent(t *testing.T) {
	key := func(files map[string]string, fallback string) string {
		dir := t.TempDir()
		write(t, dir, files)
		scan := open(t, dir, assemble.Options{})
		scan.Site.Fallback = fallback
		key, err := scan.Key()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	one := map[string]string{"index.html": "x", "a.js": text}
	first := key(one, "")
	if first != key(one, "") {
		t.Error("the same site has another key")
	}
	seen := map[string]bool{first: true}
	for _, other := range []string{
		key(map[string]string{"index.html": "y", "a.js": text}, ""), key(map[string]string{"index.html": "x", "b.js": text}, ""),
		key(map[string]string{"index.html": "x", "a.js": text, "_headers": "/*\n  A: b\n"}, ""), key(one, "index.html"),
	} {
		if seen[other] {
			t.Error("another site has the same key")
		}
		seen[other] = true
	}
}

func TestTheCacheHasTheFormsOfThisSite(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"a.js": text, "b.js": text + "b"})
	if _, err := open(t, dir, assemble.Options{}).Write(t.TempDir(), cache); err != nil {
		t.Fatal(err)
	}
	before := below(t, cache)
	if len(before) != 6 {
		t.Fatalf("got %q, want three forms of two files", before)
	}
	// What the cache has is taken as it is.
	a := open(t, dir, assemble.Options{}).Site.Files["a.js"].Digest
	if err := os.WriteFile(filepath.Join(cache, a+".br"), []byte("cached"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.js")); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if _, err := open(t, dir, assemble.Options{}).Write(out, cache); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(out, "br/a.js")); err != nil || string(got) != "cached" {
		t.Errorf("got %q, %v", got, err)
	}
	if got := below(t, cache); len(got) != 3 || !strings.HasPrefix(got[0], a) {
		t.Errorf("got %q, want those of a.js alone", got)
	}
}
