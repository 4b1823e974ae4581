package floor

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestCompressPutsEverythingIntoTheArchive(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "layer")
	if err := os.MkdirAll(filepath.Join(dir, "app/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "app/server.js"), []byte("serve()"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../server.js", filepath.Join(dir, "app/bin/serve")); err != nil {
		t.Fatal(err)
	}
	if err := compress(dir, out); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for entries := tar.NewReader(unzipped); ; {
		header, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		got[header.Name] = header.Linkname + string(content)
	}
	want := map[string]string{".": "", "app": "", "app/server.js": "serve()", "app/bin": "", "app/bin/serve": "../server.js"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if err := compress(filepath.Join(dir, "missing"), out); err == nil {
		t.Error("a folder that is not there: got no error")
	}
}
