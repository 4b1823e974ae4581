package rootfs_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

func open(t *testing.T) *rootfs.Root {
	t.Helper()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func file(name, text string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text)), Linkname: text}
}

func link(name, target string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: target}
}

// archive has entries; a regular file's content is its Linkname.
func archive(t *testing.T, headers ...tar.Header) *tar.Reader {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, header := range headers {
		content := ""
		if header.Typeflag == tar.TypeReg {
			content, header.Linkname = header.Linkname, ""
		}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return tar.NewReader(&out)
}

func TestLinksResolveInTheLayer(t *testing.T) {
	root := open(t)
	err := root.Add(archive(t,
		file("./usr/share/x/a.conf", "a"),
		link("./etc/x/absolute.conf", "/usr/share/x/a.conf"),
		link("./etc/x/relative.conf", "../../usr/share/x/a.conf"),
		link("./lib/moved", "../usr/share/x/a.conf"),
		link("./etc/x/over-the-root.conf", "../../../../usr/share/x/a.conf"),
		link("./etc/x/of-a-link.conf", "/etc/x/absolute.conf"),
		link("./etc/x/run-image", "/etc/ssl/certs"),
		link("./etc/x/relative-run-image", "../ssl/certs"),
		link("./etc/x/later", "/usr/bin/later"),
	))
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Link(); err != nil {
		t.Fatal(err)
	}
	if err := root.Write("usr/bin/later", "l", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := root.Relink(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"etc/x/absolute.conf":      "../../usr/share/x/a.conf",
		"etc/x/relative.conf":      "../../usr/share/x/a.conf",
		"usr/lib/moved":            "../share/x/a.conf",
		"etc/x/over-the-root.conf": "../../usr/share/x/a.conf",
		"etc/x/of-a-link.conf":     "absolute.conf",
		"etc/x/run-image":          "/etc/ssl/certs",
		"etc/x/relative-run-image": "/etc/ssl/certs",
		"etc/x/later":              "../../usr/bin/later",
	} {
		if got, err := root.Readlink(name); err != nil || got != want {
			t.Errorf("%s: got a link to %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestWhatAnArchiveMayNotDo(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name    string
		entries []tar.Header
		says    string
	}{
		{"a path that leaves the root", []tar.Header{file("./../../outside", "x")}, `without ".."`},
		{"a device", []tar.Header{{Name: "./dev/x", Typeflag: tar.TypeBlock}}, "want a file, folder or link"},
		{"a pipe", []tar.Header{{Name: "./x", Typeflag: tar.TypeFifo}}, "want a file, folder or link"},
		{"a hard link to what is not there", []tar.Header{{Name: "./x", Typeflag: tar.TypeLink, Linkname: outside}}, "no such file"},
		{"a file twice", []tar.Header{file("./x", "1"), file("./x", "2")}, "exists"},
		{"a file in place of a folder", []tar.Header{file("./x", "1"), file("./x/y", "2")}, "file exists"},
		{"two links of one name", []tar.Header{link("./x", "a"), link("./x", "b")}, "different links"},
		{"a size that is not true", []tar.Header{{Name: "./x", Typeflag: tar.TypeReg, Size: 9 << 30}}, "more than"},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := open(t)
			var err error
			if row.name == "a size that is not true" {
				var out bytes.Buffer
				if err := tar.NewWriter(&out).WriteHeader(&row.entries[0]); err != nil {
					t.Fatal(err)
				}
				err = root.Add(tar.NewReader(&out))
			} else {
				err = root.Add(archive(t, row.entries...))
			}
			if err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %s", err, row.says)
			}
		})
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "mine" {
		t.Errorf("the file outside: got %q, %v", text, err)
	}
}

// A file below a link of another package does not go through it.
func TestALinkIsNoWayOut(t *testing.T) {
	root, outside := open(t), t.TempDir()
	if err := root.Add(archive(t, link("./opt/way", outside))); err != nil {
		t.Fatal(err)
	}
	if err := root.Link(); err != nil {
		t.Fatal(err)
	}
	if err := root.Add(archive(t, file("./opt/way/out", "x"))); err == nil {
		t.Error("a file below a link out of the layer is no error")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v in the folder outside", entries, err)
	}
}

func TestWhatIsUnpacked(t *testing.T) {
	root := open(t)
	setuid := file("./usr/bin/su", "x")
	setuid.Mode = 0o4755
	hard := tar.Header{Name: "./usr/bin/hard", Typeflag: tar.TypeLink, Linkname: "./usr/bin/su"}
	if err := root.Add(archive(t, setuid, hard,
		file("./usr/share/doc/x/copyright", "c"), file("./usr/share/doc/x/README", "r"), link("./usr/share/doc/y", "x"),
		file("./usr/share/man/man1/x.1.gz", "m"), file("./etc/init.d/x", "i"))); err != nil {
		t.Fatal(err)
	}
	if err := root.Link(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"usr/share/doc/x/copyright": true, "usr/share/doc/x/README": false, "usr/share/doc/y": true,
		"usr/share/man": false, "etc/init.d": false, "usr/bin/hard": true} {
		if _, err := root.Lstat(name); (err == nil) != want {
			t.Errorf("%s: got %v, want it: %v", name, err, want)
		}
	}
	info, err := root.Stat("usr/bin/su")
	if err != nil || info.Mode() != 0o755 {
		t.Errorf("a program with setuid: got mode %v, %v, want 0755", info.Mode(), err)
	}
}
