package stack_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// image is a made image, its root file system in memory.
type image struct {
	kind   string // "run", "run-tiny" or "build"
	target targets.Target
	config *v1.ConfigFile
	files  map[string]file // by path without "/" before
}

type file struct {
	*tar.Header
	content []byte
}

// forEveryImage runs a test on the images of that kind for every target. An
// image that is not there fails it: nothing is tested then.
func forEveryImage(t *testing.T, kind string, test func(t *testing.T, img image)) {
	t.Helper()
	for _, tg := range targets.All() {
		t.Run(fmt.Sprintf("%s image for %s", kind, tg), func(t *testing.T) {
			test(t, load(t, kind, tg))
		})
	}
}

func forAllImages(t *testing.T, test func(t *testing.T, img image)) {
	t.Helper()
	forEveryImage(t, "run", test)
	forEveryImage(t, "run-tiny", test)
	forEveryImage(t, "build", test)
}

var loaded = map[string]image{}

func load(t *testing.T, kind string, tg targets.Target) image {
	t.Helper()
	name := kind + "-" + tg.Arch
	if img, ok := loaded[name]; ok {
		return img
	}
	tier.Beyond(t, "the images of the stack")
	layout, err := oci.ReadLayout(filepath.Join("..", "build", "stack", name))
	if err != nil {
		t.Fatalf("%v\nMake the image first: go run ./tools/stack -kind %s -target %s", err, kind, tg)
	}
	img := image{kind: kind, target: tg, files: map[string]file{}}
	if img.config, err = layout.ConfigFile(); err != nil {
		t.Fatal(err)
	}
	layers, err := layout.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		if err := img.unpack(layer); err != nil {
			t.Fatal(err)
		}
	}
	loaded[name] = img
	return img
}

func (img image) unpack(layer v1.Layer) error {
	content, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer content.Close()
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		data := make([]byte, header.Size)
		if _, err := io.ReadFull(archive, data); err != nil {
			return err
		}
		name := path.Clean(header.Name)
		if !isLookedInto(name, data) {
			data = nil
		}
		img.files[name] = file{header, data}
	}
}

// isLookedInto spares the memory for headers, scripts and archives.
func isLookedInto(name string, content []byte) bool {
	return bytes.HasPrefix(content, []byte(elf.ELFMAG)) || strings.HasPrefix(name, "etc/") ||
		strings.HasPrefix(name, "var/lib/") || strings.HasPrefix(name, "usr/share/ca-certificates/")
}

// resolve follows symlinks, in folders too, and hard links. It returns false
// when they lead nowhere.
func (img image) resolve(name string) (file, bool) {
	for range 40 {
		at, link := img.firstLink(name)
		if link == nil {
			f, ok := img.files[name]
			return f, ok
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(name, at), "/")
		dir := path.Dir(at)
		if link.Typeflag == tar.TypeLink || path.IsAbs(link.Linkname) {
			dir = ""
		}
		name = strings.TrimPrefix(path.Clean("/"+path.Join(dir, link.Linkname, rest)), "/")
	}
	return file{}, false
}

func (img image) firstLink(name string) (string, *tar.Header) {
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		at = path.Join(at, part)
		if f, ok := img.files[at]; ok && (f.Typeflag == tar.TypeSymlink || f.Typeflag == tar.TypeLink) {
			return at, f.Header
		}
	}
	return "", nil
}

// elfFiles are the programs, libraries and object files of an image.
func (img image) elfFiles(t *testing.T) map[string]*elf.File {
	t.Helper()
	found := map[string]*elf.File{}
	for name, f := range img.files {
		if !bytes.HasPrefix(f.content, []byte(elf.ELFMAG)) {
			continue
		}
		parsed, err := elf.NewFile(bytes.NewReader(f.content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found[name] = parsed
	}
	return found
}

// targetOf is the target that a file of the image is for: the image's own, or
// the other one in the folders of its cross compiler's libraries.
func (img image) targetOf(name string) targets.Target {
	for _, tg := range targets.All() {
		if tg != img.target && (strings.HasPrefix(name, "usr/"+tg.Triplet()+"/") || strings.HasPrefix(name, "usr/lib/gcc-cross/"+tg.Triplet()+"/")) {
			return tg
		}
	}
	return img.target
}

// findLibrary looks where the dynamic loader does that has no cache of
// libraries: in the RUNPATH of who asks, and in Debian's folders.
func (img image) findLibrary(asking, library string, runPaths []string) bool {
	dirs := []string{"usr/lib/" + img.target.Triplet(), "usr/lib"}
	if tg := img.targetOf(asking); tg != img.target {
		dirs = []string{"usr/" + tg.Triplet() + "/lib"}
	}
	for _, runPath := range runPaths {
		for dir := range strings.SplitSeq(runPath, ":") {
			dirs = append(dirs, strings.ReplaceAll(dir, "$ORIGIN", "/"+path.Dir(asking)))
		}
	}
	return slices.ContainsFunc(dirs, func(dir string) bool {
		_, ok := img.resolve(strings.TrimPrefix(path.Join(dir, library), "/"))
		return ok
	})
}
