package main

import (
	"context"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/oci"
)

// result is an image and its facts.
type result struct {
	image                  v1.Image
	sbom                   []byte
	pointRelease           string
	bytes, compressedBytes int64 // of the files, and of the layer
}

// assemble turns packages, and where apt found them, into an image whose one layer
// is written to layerPath.
func assemble(ctx context.Context, r request, packages []deb, found []source, layerPath string) (result, error) {
	root := tree{}
	for _, p := range packages {
		drop := p.droppedBy(r.kind)
		err := p.tar(ctx, "--fsys-tarfile", func(archive io.Reader) error { return root.addTar(archive, drop) })
		if err != nil {
			return result{}, err
		}
	}
	if err := configure(root, r.kind, packages, found); err != nil {
		return result{}, fmt.Errorf("configuring the %s image: %w", r.kind.name, err)
	}
	release, err := pointRelease(root)
	if err != nil {
		return result{}, err
	}
	layer, err := oci.WriteLayer(layerPath, root.files())
	if err != nil {
		return result{}, err
	}
	image, err := newImage(r.kind, r.target, release, packages, layer)
	if err != nil {
		return result{}, err
	}
	bill, err := billOfMaterials(r.kind, r.target, release, packages)
	if err != nil {
		return result{}, err
	}
	compressed, err := layer.Size()
	if err != nil {
		return result{}, err
	}
	return result{image: image, sbom: bill, pointRelease: release, bytes: root.size(), compressedBytes: compressed}, nil
}

// write writes the image to out and its other files next to it. It writes the
// inputs last: they mark a complete result.
func (r result) write(out, inputs string) error {
	if err := os.Remove(out + ".inputs"); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := oci.WriteLayout(out, r.image); err != nil {
		return err
	}
	for _, f := range []struct {
		path    string
		content []byte
	}{
		{out + ".cdx.json", r.sbom},
		{out + ".inputs", []byte(inputs + "\n")},
	} {
		if err := wholefile.WriteBytes(f.path, f.content); err != nil {
			return err
		}
	}
	return nil
}
