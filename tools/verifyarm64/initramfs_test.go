package main_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	verifyarm64 "github.com/armature-cnb/armature/tools/verifyarm64"
	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

var task = guest.Task{Args: []string{"/bin/app"}, WorkingDir: "/", URL: "http://127.0.0.1:3000/"}

// write makes the initramfs of layers, oldest first, and returns its bytes and
// how many the image's files have.
func write(t *testing.T, layers ...[]oci.File) ([]byte, int64, error) {
	t.Helper()
	dir := t.TempDir()
	program, out := filepath.Join(dir, "init"), filepath.Join(dir, "initramfs")
	if err := os.WriteFile(program, []byte("the first process"), 0o600); err != nil {
		t.Fatal(err)
	}
	size, err := verifyarm64.Initramfs(image(t, targets.LinuxARM64, v1.Config{}, layers...), program, task, out)
	if err != nil {
		return nil, 0, err
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return content, size, nil
}

// list reads a newc archive: "path mode uid:gid content" of each entry, and
// for files with several names the first of them.
func list(t *testing.T, archive []byte) []string {
	t.Helper()
	first := map[string]string{}
	var lines []string
	for rest := archive; ; {
		if len(rest) < 110 || string(rest[:6]) != "070701" {
			t.Fatalf("got %.20q where a header should be, after\n%s", rest, strings.Join(lines, "\n"))
		}
		field := func(i int) int {
			n, err := strconv.ParseUint(string(rest[6+8*i:14+8*i]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
		nameEnd := 110 + field(11)
		name := string(rest[110 : nameEnd-1])
		if rest[nameEnd-1] != 0 {
			t.Fatalf("%s: the name does not end with a zero byte", name)
		}
		start := (nameEnd + 3) &^ 3
		end := start + field(6)
		if name == "TRAILER!!!" {
			if len(rest) != start {
				t.Fatalf("%d bytes after the end", len(rest)-start)
			}
			return lines
		}
		line := fmt.Sprintf("%s %o %d:%d %s", name, field(1), field(2), field(3), rest[start:end])
		if links := field(4); links > 1 {
			inode := string(rest[6:14])
			if first[inode] == "" {
				first[inode] = name
			}
			line += fmt.Sprintf(" (%d names, %s)", links, first[inode])
		}
		if major := field(9); major > 0 {
			line += fmt.Sprintf(" device %d,%d", major, field(10))
		}
		lines = append(lines, line)
		rest = rest[(end+3)&^3:]
	}
}

func TestInitramfs(t *testing.T) {
	long := strings.Repeat("lang/", 40) + "größe"
	file := func(path, content string) oci.File {
		return oci.File{Path: path, Type: tar.TypeReg, Mode: 0o644, Content: []byte(content)}
	}
	archive, size, err := write(t,
		[]oci.File{
			{Path: "bin", Type: tar.TypeSymlink, Mode: 0o777, Link: "usr/bin"},
			{Path: "usr/bin", Type: tar.TypeDir, Mode: 0o755},
			file("usr/bin/sh", "older"),
			file("etc/gone", "x"),
			file("etc/replaced", "older"),
			file("whole/folder", "x"),
			{Path: "was-a-folder", Type: tar.TypeDir, Mode: 0o755},
		},
		[]oci.File{
			{Path: "usr/bin/sh", Type: tar.TypeReg, Mode: 0o4755, UID: 1, GID: 2, Content: []byte("newer")},
			{Path: "etc/.wh.gone", Type: tar.TypeReg},
			{Path: ".wh.whole", Type: tar.TypeReg},
			file("etc/replaced", "new"),
			file("was-a-folder", "file"),
			file("bin/behind", "the symlink"),
			file("bin/deep/er", "behind the symlink too"),
			{Path: "a-link", Type: tar.TypeLink, Mode: 0o755, Link: "usr/bin/sh"},
			{Path: "b-link", Type: tar.TypeLink, Mode: 0o755, Link: "a-link"},
			file(long, ""),
			{Path: "fifo", Type: tar.TypeFifo, Mode: 0o600},
		})
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len("newer" + "new" + "file" + "the symlink" + "behind the symlink too")); size != want {
		t.Errorf("got %d bytes, want %d", size, want)
	}
	listed := list(t, archive)
	got := slices.DeleteFunc(slices.Clone(listed), func(l string) bool { return strings.HasPrefix(l, "lang") })
	want := []string{
		"etc 40755 0:0 ",
		"usr 40755 0:0 ",
		"usr/bin 40755 0:0 ",
		"bin 120777 0:0 usr/bin",
		"bin/deep 40755 0:0 ",
		"bin/behind 100644 0:0 the symlink",
		"bin/deep/er 100644 0:0 behind the symlink too",
		"etc/replaced 100644 0:0 new",
		"fifo 10600 0:0 ",
		"usr/bin/sh 104755 1:2 newer (3 names, usr/bin/sh)",
		"was-a-folder 100644 0:0 file",
		"a-link 100755 0:0  (3 names, usr/bin/sh)",
		"b-link 100755 0:0  (3 names, usr/bin/sh)",
		".verifyarm64 40700 0:0 ",
		".verifyarm64/init 100700 0:0 the first process",
		`.verifyarm64/task.json 100600 0:0 {"Args":["/bin/app"],"Env":null,"WorkingDir":"/","User":"","URL":"http://127.0.0.1:3000/"}`,
		"dev 40755 0:0 ",
		"dev/console 20600 0:0  device 5,1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Contains(listed, long+" 100644 0:0 ") {
		t.Errorf("got no %s", long)
	}
}

func TestTheSameImageGivesTheSameInitramfs(t *testing.T) {
	var files []oci.File
	for i := range 50 {
		files = append(files, oci.File{Path: fmt.Sprintf("d%d/f", i), Type: tar.TypeReg, Mode: 0o644, Content: []byte{byte(i)}})
	}
	first, _, err := write(t, files)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := write(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("got two different archives")
	}
}

// Were it written all the same, the link would be an empty file.
func TestALinkToARemovedFileIsAnError(t *testing.T) {
	_, _, err := write(t,
		[]oci.File{
			{Path: "original", Type: tar.TypeReg, Mode: 0o644, Content: []byte("x")},
			{Path: "link", Type: tar.TypeLink, Link: "original"},
		},
		[]oci.File{{Path: ".wh.original", Type: tar.TypeReg}})
	want := "the image's hard link /link is to /original, which is not a file in its last state"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
