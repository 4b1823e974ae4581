package main

import (
	"archive/tar"
	"compress/gzip"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Program is an ELF file's requirements on its system. A shared library is one,
// too, without an interpreter.
type Program struct {
	Interpreter string `json:"interpreter"` // "/lib/ld-linux-aarch64.so.1"
	Needed      words  `json:"needed"`      // shared libraries, as DT_NEEDED names them, sorted
	Symbols     words  `json:"symbols"`     // highest symbol version needed of each family, sorted: "GLIBC_2.28"
}

// words is a list of words that is one string in the lock file.
type words []string

// MarshalText joins the words by spaces.
func (w words) MarshalText() ([]byte, error) { return []byte(strings.Join(w, " ")), nil }

// UnmarshalText splits at spaces.
func (w *words) UnmarshalText(text []byte) error {
	*w = strings.Fields(string(text))
	return nil
}

// ReadProgram reads an ELF file's requirements. A file for another machine is
// an error.
func ReadProgram(r io.ReaderAt, machine elf.Machine) (*Program, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	if f.Machine != machine {
		return nil, fmt.Errorf("got a file for %v, want %v", f.Machine, machine)
	}
	p := &Program{}
	if p.Interpreter, err = interpreter(f); err != nil {
		return nil, err
	}
	needed, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("reading the needed libraries: %w", err)
	}
	slices.Sort(needed)
	p.Needed = slices.Compact(needed)
	needs, err := f.DynamicVersionNeeds()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, fmt.Errorf("reading the needed symbol versions: %w", err)
	}
	var versions []string
	for _, library := range needs {
		for _, need := range library.Needs {
			versions = append(versions, need.Dep)
		}
	}
	p.Symbols = highest(versions)
	return p, nil
}

func interpreter(f *elf.File) (string, error) {
	for _, segment := range f.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		path := make([]byte, min(segment.Filesz, 4096))
		if _, err := segment.ReadAt(path, 0); err != nil {
			return "", fmt.Errorf("reading the interpreter: %w", err)
		}
		return strings.TrimRight(string(path), "\x00"), nil
	}
	return "", nil
}

// highest returns the highest version of each family ("GLIBC_2.17",
// "GLIBC_2.28" → "GLIBC_2.28"), sorted. It omits names without a number, such
// as GLIBC_PRIVATE: they have no order.
func highest(versions []string) words {
	top := map[string]string{}
	for _, v := range versions {
		family, number, ok := splitSymbol(v)
		if !ok {
			continue
		}
		if was, there := top[family]; !there || compareDotted(number, was) > 0 {
			top[family] = number
		}
	}
	var out words
	for family, number := range top {
		out = append(out, family+"_"+number)
	}
	slices.Sort(out)
	return out
}

// splitSymbol splits "GLIBCXX_3.4.21" into family and number.
func splitSymbol(version string) (family, number string, ok bool) {
	i := strings.LastIndexByte(version, '_')
	if i < 1 || strings.Trim(version[i+1:], "0123456789.") != "" || version[i+1:] == "" {
		return "", "", false
	}
	return version[:i], version[i+1:], true
}

// compareDotted compares "2.9" and "2.28" number by number.
func compareDotted(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if d := part(as, i) - part(bs, i); d != 0 {
			return d
		}
	}
	return 0
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}

// readArchive reads a program from a gzipped tar, to the archive's end. It
// copies the program to a temporary file, since reading ELF needs random
// access.
func readArchive(r io.Reader, member string, machine elf.Machine) (*Program, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	archive := tar.NewReader(unzipped)
	var program *Program
	for {
		header, err := archive.Next()
		switch {
		case err == io.EOF && program == nil:
			return nil, fmt.Errorf("got no file %s", member)
		case err == io.EOF:
			_, err = io.Copy(io.Discard, r) // the rest is part of the checksum
			return program, err
		case err != nil:
			return nil, err
		case header.Name == member && header.Typeflag == tar.TypeReg:
			if program, err = readProgram(archive, machine); err != nil {
				return nil, fmt.Errorf("reading %s: %w", member, err)
			}
		}
	}
}

func readProgram(r io.Reader, machine elf.Machine) (*Program, error) {
	temp, err := os.CreateTemp("", "noderelease-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := io.Copy(temp, r); err != nil {
		return nil, err
	}
	return ReadProgram(temp, machine)
}

// families returns the symbols' versions by family.
func families(symbols []string) map[string]string {
	all := map[string]string{}
	for _, s := range symbols {
		if family, number, ok := splitSymbol(s); ok {
			all[family] = number
		}
	}
	return all
}
