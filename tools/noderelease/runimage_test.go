package main_test

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// runImage writes an image of files and symbolic links as an OCI layout.
type runImage struct {
	target targets.Target
	files  map[string][]byte // by path in the image
	links  map[string]string
}

// runImage has all the program needs, laid out as Debian does since 12: the
// libraries below /usr/lib, and /lib and /lib64 leading there.
func (p hostProgram) runImage() runImage {
	i := runImage{target: p.target, files: map[string][]byte{}, links: map[string]string{
		"lib": "usr/lib", "lib64": "usr/lib64", strings.TrimPrefix(path.Join("usr", p.interpreter), "/"): "/usr/lib/" + p.target.Triplet() + "/" + path.Base(p.interpreter),
	}}
	for soname, text := range p.libraries {
		i.files["usr/lib/"+p.target.Triplet()+"/"+soname] = text
	}
	return i
}

func (i runImage) write(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	writeLayout(t, folder, i.image(t))
	return folder
}

func writeLayout(t *testing.T, folder string, images ...v1.Image) {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, image := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
	}
	if _, err := layout.Write(folder, index); err != nil {
		t.Fatal(err)
	}
}

func (i runImage) image(t *testing.T) v1.Image {
	t.Helper()
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for name, text := range i.files {
		out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg})
		out.Write(text)
	}
	for name, to := range i.links {
		out.WriteHeader(&tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink})
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{OS: i.target.OS, Architecture: i.target.Arch,
		RootFS: must(image.ConfigFile()).RootFS})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// without copies an image, and leaves out every file whose name begins so.
func without(t *testing.T, folder string, tg targets.Target, prefix string) string {
	t.Helper()
	index := must(layout.ImageIndexFromPath(folder))
	image := must(index.Image(must(index.IndexManifest()).Manifests[0].Digest))
	left := runImage{target: tg, files: map[string][]byte{}, links: map[string]string{}}
	flat := mutate.Extract(image)
	defer flat.Close()
	in := tar.NewReader(flat)
	for {
		header, err := in.Next()
		if err != nil {
			break
		}
		name := strings.TrimPrefix(path.Join("/", header.Name), "/")
		switch {
		case strings.HasPrefix(path.Base(name), prefix):
		case header.Typeflag == tar.TypeSymlink:
			left.links[name] = header.Linkname
		case header.Typeflag == tar.TypeReg && strings.Contains(path.Base(name), ".so"):
			var b bytes.Buffer
			must(b.ReadFrom(in))
			left.files[name] = b.Bytes()
		}
	}
	return left.write(t)
}
