package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/runimage"
	"github.com/armature-cnb/armature/internal/oci"
)

// The label with an image's id, and the folder of an image without dpkg with a file
// for each of its packages.
const (
	idLabel   = "io.buildpacks.base.id"
	statusDir = "var/lib/dpkg/status.d/"
)

// packagesLayer writes a layer to a file that says in [runimage.PackagesDir] which
// packages the run images have.
func packagesLayer(to string, runImages []v1.Image) (v1.Layer, error) {
	var files []oci.File
	for dir := strings.TrimPrefix(runimage.PackagesDir, "/"); dir != "usr/share"; dir = path.Dir(dir) {
		files = append(files, oci.File{Path: dir, Type: tar.TypeDir, Mode: 0o755})
	}
	for _, image := range runImages {
		file, err := packagesFile(image)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return oci.WriteLayer(to, files)
}

func packagesFile(image v1.Image) (oci.File, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return oci.File{}, err
	}
	id := config.Config.Labels[idLabel]
	if id == "" || path.Base(id) != id {
		return oci.File{}, fmt.Errorf("the label %s of a run image is %q, want an id without slashes", idLabel, id)
	}
	stanzas, err := packagesOf(image)
	if err != nil {
		return oci.File{}, fmt.Errorf("reading the packages of %s: %w", id, err)
	}
	name := strings.TrimPrefix(path.Join(runimage.PackagesDir, id), "/")
	return oci.File{Path: name, Type: tar.TypeReg, Mode: 0o644, Content: stanzas}, nil
}

// packagesOf returns the control stanzas of an image's packages, in the order of
// its files, with empty lines between.
func packagesOf(image v1.Image) ([]byte, error) {
	files := mutate.Extract(image)
	defer files.Close()
	var out bytes.Buffer
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(strings.TrimPrefix(header.Name, "/"), statusDir) || header.Typeflag != tar.TypeReg {
			continue
		}
		stanza, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		out.Write(bytes.TrimRight(stanza, "\n"))
		out.WriteString("\n\n")
	}
	if out.Len() == 0 {
		return nil, fmt.Errorf("got no file in /%s, want one for each package", statusDir)
	}
	return out.Bytes(), nil
}
