package main_test

import (
	"bytes"
	"crypto/sha512"
	"debug/elf"
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// hostProgram is a program of this machine that stands in for bin/node: a real
// ELF file with a dynamic section, and all it needs to start.
type hostProgram struct {
	target      targets.Target
	text        []byte
	interpreter string
	needed      []string
	libraries   map[string][]byte // by soname, those that the libraries need too
}

func findHostProgram(t *testing.T) hostProgram {
	t.Helper()
	host, err := targets.Host()
	if err != nil {
		t.Skipf("this machine is no target, so it has no program that could stand in for bin/node: %v", err)
	}
	p := hostProgram{target: host, libraries: map[string][]byte{}}
	file, err := elf.Open("/bin/sh")
	if err != nil {
		t.Skipf("/bin/sh is no ELF file that could stand in for bin/node: %v", err)
	}
	defer file.Close()
	if p.needed, err = file.ImportedLibraries(); err != nil || len(p.needed) == 0 {
		t.Skipf("/bin/sh needs no libraries, so it cannot stand in for bin/node: %v", err)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			name := make([]byte, segment.Filesz)
			segment.ReadAt(name, 0)
			p.interpreter = strings.TrimRight(string(name), "\x00")
		}
	}
	if p.text, err = os.ReadFile("/bin/sh"); err != nil {
		t.Fatal(err)
	}
	for queue := append([]string{path.Base(p.interpreter)}, p.needed...); len(queue) > 0; queue = queue[1:] {
		if p.libraries[queue[0]] != nil {
			continue
		}
		text, more := readHostLibrary(t, host, queue[0])
		p.libraries[queue[0]] = text
		queue = append(queue, more...)
	}
	return p
}

func readHostLibrary(t *testing.T, host targets.Target, soname string) (text []byte, needed []string) {
	t.Helper()
	for _, folder := range []string{"/lib/" + host.Triplet(), "/usr/lib/" + host.Triplet(), "/lib64", "/usr/lib64", "/lib", "/usr/lib"} {
		text, err := os.ReadFile(filepath.Join(folder, soname))
		if err != nil {
			continue
		}
		file, err := elf.NewFile(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		needed, err = file.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		return text, needed
	}
	t.Skipf("%s, which /bin/sh needs, is in no folder of libraries known here", soname)
	return nil, nil
}

// asPackage makes the program the bin/node of version 24.1.0's npm package for
// a target.
func (p hostProgram) asPackage(w *world, of targets.Target) {
	w.t.Helper()
	text := archive(w.t, map[string][]byte{"package/LICENSE": []byte("MIT"), "package/bin/node": p.text})
	name := "node-linux-" + of.Node()
	sum := sha512.Sum512(text)
	w.files["/npm/"+name] = []byte(fmt.Sprintf(`{"name":%q,"versions":{"24.1.0":{"dist":{"integrity":"sha512-%s"}}}}`, name, base64.StdEncoding.EncodeToString(sum[:])))
	w.files[fmt.Sprintf("/npm/%s/-/%s-24.1.0.tgz", name, name)] = text
}
