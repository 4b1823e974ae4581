package archives_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/archives"
)

type entry struct{ name, content string }

// put writes an archive into dir under its digest's name.
func put(t *testing.T, dir string, entries ...entry) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	files := tar.NewWriter(zip)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if err := files.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(files, e.content)
	}
	files.Close()
	zip.Close()
	path := filepath.Join(dir, fmt.Sprintf("sha256-%x", sha256.Sum256(out.Bytes())))
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// program is the head of a program for a target.
func program(to targets.Target) string {
	head := make([]byte, 64)
	copy(head, elf.ELFMAG)
	head[18] = byte(to.ELF())
	head[19] = byte(to.ELF() >> 8)
	return string(head)
}

func TestNodeAndNPMComeFromArchivesOfTheirOwn(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	put(t, dir, entry{"package/LICENSE", "free"}, entry{"package/bin/node", program(targets.LinuxARM64)}, entry{"package/include/node/node.h", "api"})
	put(t, dir, entry{"package/bin/node", program(targets.LinuxAMD64)})
	put(t, dir, entry{"package/bin/npm-cli.js", "npm"}, entry{"package/lib/npm.js", "lib"})
	set, err := archives.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.UnpackNode(t.Context(), targets.LinuxARM64, archives.With{NPM: true}, out); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"bin/node": program(targets.LinuxARM64), "LICENSE": "free", "npm/bin/npm-cli.js": "npm", "npm/lib/npm.js": "lib",
	} {
		if got, err := os.ReadFile(filepath.Join(out, path)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(out, "include")); err == nil {
		t.Error("more was unpacked than Node.js and its licence")
	}
}

func TestNPMInsideOfNodesArchive(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for _, to := range targets.All() {
		put(t, dir, entry{"node-v24/bin/node", program(to)}, entry{"node-v24/lib/node_modules/npm/bin/npm-cli.js", "npm"}, entry{"node-v24/include/node/node.h", "api"})
	}
	set, err := archives.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.UnpackNode(t.Context(), targets.LinuxAMD64, archives.With{NPM: true, Headers: true}, out); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"npm/bin/npm-cli.js": "npm", "include/node/node.h": "api"} {
		if got, err := os.ReadFile(filepath.Join(out, path)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
}

func TestWhatIsMissingOrTwiceIsNamed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, entry{"package/bin/node", program(targets.LinuxARM64)})
	if _, err := archives.Find(dir); err == nil || !strings.Contains(err.Error(), "no archive of Node.js for linux/amd64") {
		t.Errorf("one target: got %v", err)
	}
	put(t, dir, entry{"package/bin/node", program(targets.LinuxARM64)}, entry{"package/x", "x"})
	if _, err := archives.Find(dir); err == nil || !strings.Contains(err.Error(), "is for linux/arm64, too") {
		t.Errorf("two of one target: got %v", err)
	}
	other := t.TempDir()
	put(t, other, entry{"package/x", "x"})
	if _, err := archives.Find(other); err == nil || !strings.Contains(err.Error(), "got neither") {
		t.Errorf("neither: got %v", err)
	}
}

func TestOtherBytesThanTheNameSaysAreAnError(t *testing.T) {
	dir := t.TempDir()
	path := put(t, dir, entry{"package/bin/node", program(targets.LinuxARM64)})
	put(t, dir, entry{"package/bin/node", program(targets.LinuxAMD64)})
	set, err := archives.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "sha256-"+strings.Repeat("0", 64))
	if err := os.Rename(path, wrong); err != nil {
		t.Fatal(err)
	}
	set.Node[targets.LinuxARM64] = wrong
	err = set.UnpackNode(t.Context(), targets.LinuxARM64, archives.With{}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "want 0000") {
		t.Errorf("got %v, want an error about the digest", err)
	}
}
