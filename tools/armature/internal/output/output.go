//go:build linux

// Package output puts images where people want them.
package output

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/ociimage"
	"github.com/armature-cnb/armature/tools/armature/internal/home"
	"github.com/armature-cnb/armature/tools/armature/internal/images"
	"github.com/armature-cnb/armature/tools/internal/engine"
)

// The kinds of output. The zero value is an OCI layout in armature's folder.
const (
	layoutKind   = "oci"
	tarKind      = "tar"
	dockerKind   = "docker"
	registryKind = "registry"
)

// Output is where an image goes.
type Output struct{ kind, path string }

// Parse reads oci:DIR, tar:FILE, docker, registry, or nothing.
func Parse(text string) (Output, error) {
	kind, path, _ := strings.Cut(text, ":")
	o := Output{kind: kind, path: path}
	needsPath := kind == layoutKind || kind == tarKind
	known := needsPath || text == "" || kind == dockerKind || kind == registryKind
	if !known || needsPath != (path != "") {
		return o, &failure.Failure{ID: "output-unknown", Cause: fmt.Sprintf("the output %q cannot be written", text), Remedy: "use oci:DIR, tar:FILE, docker or registry."}
	}
	return o, nil
}

// Write writes an image and returns how to find it: a folder, a file or a
// reference, with the image's digest. Nothing half-written is left where it
// goes.
func (o Output) Write(ctx context.Context, h home.Home, tag name.Tag, image v1.Image) (string, error) {
	digest, err := image.Digest()
	if err != nil {
		return "", err
	}
	found := o.path
	switch o.kind {
	case "":
		found = StorePath(h, tag)
		if err = os.MkdirAll(filepath.Dir(found), 0o755); err == nil {
			err = ociimage.WriteLayout(found, image)
		}
	case layoutKind:
		err = writeLayout(o.path, image)
	case tarKind:
		err = writeTar(o.path, tag, image)
	case dockerKind:
		found, err = tag.String(), engine.Load(ctx, io.Discard, image, tag.String())
	case registryKind:
		found = tag.String()
		if err = remote.Write(tag, image, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			err = images.Failed("pushing "+tag.String(), err)
		}
	}
	return found + "@" + digest.String(), err
}

// StorePath is where the image of a name lies in armature's folder.
func StorePath(h home.Home, tag name.Tag) string {
	return filepath.Join(h.Dir, "images", tag.Context().RegistryStr(), filepath.FromSlash(tag.Context().RepositoryStr()), tag.TagStr())
}

// writeLayout replaces a layout, or makes one; another folder with something
// in it is left alone.
func writeLayout(dir string, image v1.Image) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 && !images.IsLayout(dir) {
		return &failure.Failure{ID: "output-occupied", Cause: dir + " holds something that is not an OCI layout", Remedy: "name another folder, or remove this one."}
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o755); err != nil {
		return unwritable(err)
	}
	if err := ociimage.WriteLayout(dir, image); err != nil {
		return unwritable(err)
	}
	return nil
}

func writeTar(path string, tag name.Tag, image v1.Image) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := tarball.Write(tag, image, file); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func unwritable(err error) error {
	return &failure.Failure{ID: "output-unwritable", Cause: "writing the image", Err: err, Remedy: "name a place that you can write to."}
}
