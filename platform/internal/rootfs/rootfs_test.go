//go:build linux

package rootfs_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// entry is one of a layer: a folder where the name ends with /, a symbolic
// link where to is set, a hard link where it begins with =.
type entry struct{ name, content, to string }

func layer(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		switch {
		case strings.HasSuffix(e.name, "/"):
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		case strings.HasPrefix(e.to, "="):
			header.Typeflag, header.Linkname = tar.TypeLink, e.to[1:]
		case e.to != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.to
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func image(t testing.TB, layers ...[]byte) v1.Image {
	t.Helper()
	img := empty.Image
	for _, content := range layers {
		l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, l); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

// unpack returns the folder, which has a neighbour that must stay as it is.
func unpack(t testing.TB, options rootfs.Options, layers ...[]byte) (string, error) {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "root")
	for path, content := range map[string]string{"outside/file": "untouched", "root/.keep": ""} {
		os.MkdirAll(filepath.Dir(filepath.Join(base, path)), 0o755)
		os.WriteFile(filepath.Join(base, path), []byte(content), 0o644)
	}
	os.Remove(filepath.Join(dir, ".keep"))
	err := rootfs.Unpack(t.Context(), dir, image(t, layers...), options)
	if got, readErr := os.ReadFile(filepath.Join(base, "outside/file")); string(got) != "untouched" {
		t.Errorf("a file outside has become %q, %v", got, readErr)
	}
	if list, _ := os.ReadDir(base); len(list) != 2 {
		t.Errorf("outside there is now %v", list)
	}
	return dir, err
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

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

// Each time the folder of the entry before is called the same, and is another.
func TestAFolderThatIsReplacedIsFoundAnew(t *testing.T) {
	for name, tc := range map[string]struct {
		entries []entry
		want    string // the only one of the files that is there, and is "2"
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
			unpack(t, rootfs.Options{}, layer(t, entries...)) // whether it is an error or not: see what unpack checks
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

// Whoever is not root cannot change what is in a folder that nobody may enter.
func TestFoldersThatAreClosedAreClosedLast(t *testing.T) {
	if os.Geteuid() == 0 {
		asAnother(t)
		return
	}
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range []string{"a/", "a/b/", "a/b/c/", "a.b/", "a/x/"} {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeDir}); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		dir, err := unpack(t, rootfs.Options{}, out.Bytes())
		if err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("got %v, %v", info, err)
		}
		if err := home.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// asAnother runs the test again as an ordinary user.
func asAnother(t *testing.T) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	for at := dir; at != "/" && at != os.TempDir(); at = filepath.Dir(at) { // for that user to reach it
		if err := os.Chmod(at, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1001, Gid: 1001}}
	text, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(text, []byte("PASS: "+t.Name())) {
		t.Errorf("as another user: %v\n%s", err, text)
	}
}

func TestDevicesAndSetuidBitsAreLeftOut(t *testing.T) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, header := range []*tar.Header{
		{Name: "dev/sda", Typeflag: tar.TypeBlock, Mode: 0o666, Devmajor: 8}, {Name: "pipe", Typeflag: tar.TypeFifo, Mode: 0o666},
		{Name: "bin/su", Typeflag: tar.TypeReg, Mode: 0o4755}, {Name: "closed/", Typeflag: tar.TypeDir, Mode: 0o555}, {Name: "closed/x", Typeflag: tar.TypeReg, Mode: 0o400},
	} {
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	archive.Close()
	dir, err := unpack(t, rootfs.Options{}, out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "closed"), 0o755) })
	for path, want := range map[string]fs.FileMode{"bin/su": 0o755, "closed": fs.ModeDir | 0o555, "closed/x": 0o400} {
		if info, err := os.Lstat(filepath.Join(dir, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info, err, want)
		}
	}
	for _, path := range []string{"dev/sda", "pipe"} {
		if _, err := os.Lstat(filepath.Join(dir, path)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there", path)
		}
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

// FuzzUnpack looks for an archive that writes outside.
func FuzzUnpack(f *testing.F) {
	f.Add(layer(f, entry{name: "a", content: "1"}, entry{name: "l", to: "../outside"}, entry{name: "l/file", content: "x"}))
	f.Add(layer(f, entry{name: ".wh..."}, entry{name: "h", to: "=../outside/file"}, entry{name: "d/.wh..wh..opq"}))
	f.Add(layer(f, entry{name: "a/", content: ""}, entry{name: "a/l", to: "/../.."}, entry{name: "a/l/b/../c", content: "x"}, entry{name: ".wh.a"}, entry{name: "a", to: "a/a"}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		dir, _ := unpack(t, rootfs.Options{Folders: []string{"/proc", "/a/l/tmp"}, Files: []string{"/etc/hosts"}}, archive)
		if err := home.RemoveAll(dir); err != nil { // whatever the modes
			t.Error(err)
		}
	})
}
