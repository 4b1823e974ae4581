package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// maxLibraryBytes is the size limit of a run image's shared library.
const maxLibraryBytes = 128 << 20

// RunImage has the shared libraries of a run image, where the dynamic linker
// finds them.
type RunImage struct {
	Target    targets.Target
	libraries map[string]library // by absolute path
	links     map[string]string  // symbolic links: absolute path → target
}

type library struct {
	needs    *Program
	provides []string // symbol versions it defines
	err      error    // why it cannot be used
}

// ReadRunImage reads the only image of an OCI layout folder (image-spec,
// image-layout.md).
func ReadRunImage(folder string) (*RunImage, error) {
	image, err := oci.ReadLayout(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the run image in %s: %w", folder, err)
	}
	r, err := readImage(image)
	if err != nil {
		return nil, fmt.Errorf("reading the run image in %s: %w", folder, err)
	}
	return r, nil
}

func readImage(image v1.Image) (*RunImage, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	t, err := targets.Parse(config.OS + "/" + config.Architecture)
	if err != nil {
		return nil, err
	}
	r := &RunImage{Target: t, libraries: map[string]library{}, links: map[string]string{}}
	flat := mutate.Extract(image)
	defer flat.Close()
	archive := tar.NewReader(flat)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return r, nil
		}
		if err != nil {
			return nil, err
		}
		if err := r.take(header, archive); err != nil {
			return nil, fmt.Errorf("reading %s: %w", header.Name, err)
		}
	}
}

func (r *RunImage) take(header *tar.Header, content io.Reader) error {
	name := path.Join("/", header.Name)
	switch {
	case header.Typeflag == tar.TypeSymlink:
		r.links[name] = header.Linkname
	case header.Typeflag == tar.TypeLink:
		r.links[name] = path.Join("/", header.Linkname)
	case header.Typeflag == tar.TypeReg && strings.Contains(path.Base(name), ".so"):
		if header.Size > maxLibraryBytes {
			return fmt.Errorf("got %d bytes, want at most %d", header.Size, maxLibraryBytes)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		r.libraries[name] = readLibrary(text, r.Target.ELF())
	}
	return nil
}

func readLibrary(text []byte, machine elf.Machine) library {
	var l library
	if l.needs, l.err = ReadProgram(bytes.NewReader(text), machine); l.err != nil {
		return l
	}
	f, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		return library{err: err}
	}
	versions, err := f.DynamicVersions()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return library{err: err}
	}
	for _, v := range versions {
		l.provides = append(l.provides, v.Name)
	}
	return l
}

// at finds a library by its absolute path, and resolves symbolic links.
func (r *RunImage) at(name string) (library, bool) {
	for range 40 { // the kernel's limit of links
		l, there := r.libraries[name]
		if there {
			return l, true
		}
		next, linked := r.follow(name)
		if !linked {
			return library{}, false
		}
		name = next
	}
	return library{}, false
}

// follow resolves the first symbolic link on the way to a path.
func (r *RunImage) follow(name string) (string, bool) {
	parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for i := range parts {
		prefix := "/" + path.Join(parts[:i+1]...)
		to, linked := r.links[prefix]
		if !linked {
			continue
		}
		if !path.IsAbs(to) {
			to = path.Join(path.Dir(prefix), to)
		}
		return path.Join(append([]string{to}, parts[i+1:]...)...), true
	}
	return "", false
}

// find looks for a library where Debian's dynamic linker does by default.
func (r *RunImage) find(soname string) (library, bool) {
	triplet := r.Target.Triplet()
	for _, folder := range []string{"/lib/" + triplet, "/usr/lib/" + triplet, "/lib", "/usr/lib", "/lib64", "/usr/lib64"} {
		if l, there := r.at(path.Join(folder, soname)); there {
			return l, true
		}
	}
	return library{}, false
}

// Lacks returns why a program would not start on the run image, in words that
// follow "it"; none if it would. It also checks its libraries' dependencies.
func (r *RunImage) Lacks(p *Program) []string {
	var lacks []string
	if p.Interpreter != "" {
		if _, there := r.at(path.Clean(p.Interpreter)); !there {
			lacks = append(lacks, fmt.Sprintf("needs the interpreter %s, which is not there", p.Interpreter))
		}
	}
	wanted := map[string]string{} // family → highest version
	offered := map[string]string{}
	seen := map[string]bool{}
	for queue := []*Program{p}; len(queue) > 0; queue = queue[1:] {
		raise(wanted, queue[0].Symbols)
		for _, soname := range queue[0].Needed {
			if seen[soname] {
				continue
			}
			seen[soname] = true
			l, there := r.find(soname)
			switch {
			case !there:
				lacks = append(lacks, fmt.Sprintf("needs the library %s, which is not there", soname))
			case l.err != nil:
				lacks = append(lacks, fmt.Sprintf("needs the library %s, which cannot be used: %v", soname, l.err))
			default:
				raise(offered, l.provides)
				queue = append(queue, l.needs)
			}
		}
	}
	return append(lacks, tooNew(wanted, offered)...)
}

func raise(top map[string]string, symbols []string) {
	for family, number := range families(highest(symbols)) {
		if was, there := top[family]; !there || compareDotted(number, was) > 0 {
			top[family] = number
		}
	}
}

func tooNew(wanted, offered map[string]string) []string {
	var lacks []string
	for _, family := range slices.Sorted(maps.Keys(wanted)) {
		switch have, there := offered[family]; {
		case !there:
			lacks = append(lacks, fmt.Sprintf("needs %s_%s, but no library there has any %s version", family, wanted[family], family))
		case compareDotted(wanted[family], have) > 0:
			lacks = append(lacks, fmt.Sprintf("needs %s_%s, but the newest there is %s_%s", family, wanted[family], family, have))
		}
	}
	return lacks
}
