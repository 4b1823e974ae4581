//go:build linux

// Package output puts images where people want them.
package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/failure"
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

// Write writes an image, or several as one index, and returns how to find it: a
// folder, a file or a reference, with the digest. Nothing half-written is left
// where it goes.
func (o Output) Write(ctx context.Context, h home.Home, tag name.Tag, made []v1.Image) (string, error) {
	index, err := indexOf(made)
	if err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if len(made) == 1 {
		digest, err = made[0].Digest()
	}
	if err != nil {
		return "", err
	}
	found := o.path
	switch o.kind {
	case "":
		found = StorePath(h, tag)
		err = writeLayout(found, index)
	case layoutKind:
		err = writeLayout(o.path, index)
	case tarKind:
		err = writeTar(o.path, tag, made)
	case dockerKind:
		found = tag.String()
		err = load(ctx, tag, made)
	case registryKind:
		found = tag.String()
		err = push(ctx, tag, made, index)
	}
	return found + "@" + digest.String(), err
}

// indexOf lists images with their platforms, in the order they have.
func indexOf(made []v1.Image) (v1.ImageIndex, error) {
	index := v1.ImageIndex(empty.Index)
	for _, image := range made {
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: config.OS, Architecture: config.Architecture}},
		})
	}
	return index, nil
}

func load(ctx context.Context, tag name.Tag, made []v1.Image) error {
	if len(made) > 1 {
		return onePlatform("a Docker engine keeps one platform under a name")
	}
	return engine.Load(ctx, io.Discard, made[0], tag.String())
}

func onePlatform(cause string) error {
	return &failure.Failure{ID: "output-one-platform", Cause: cause, Remedy: "name one --platform, or another --output."}
}

// push writes to a registry. Layers that several images share are sent once.
func push(ctx context.Context, tag name.Tag, made []v1.Image, index v1.ImageIndex) error {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	var err error
	if len(made) == 1 {
		err = remote.Write(tag, made[0], options...)
	} else {
		err = remote.WriteIndex(tag, index, options...)
	}
	if err != nil {
		return images.Failed("pushing "+tag.String(), err)
	}
	return nil
}

// StorePath is where the image of a name lies in armature's folder.
func StorePath(h home.Home, tag name.Tag) string {
	return filepath.Join(h.Dir, "images", tag.Context().RegistryStr(), filepath.FromSlash(tag.Context().RepositoryStr()), tag.TagStr())
}

// writeLayout replaces a layout, or makes one; another folder with something
// in it is left alone.
func writeLayout(dir string, index v1.ImageIndex) error {
	dir = filepath.Clean(dir)
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 && !images.IsLayout(dir) {
		return &failure.Failure{ID: "output-occupied", Cause: dir + " holds something that is not an OCI layout", Remedy: "name another folder, or remove this one."}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return unwritable(err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*")
	if err != nil {
		return unwritable(err)
	}
	defer os.RemoveAll(temp)
	made := filepath.Join(temp, "new")
	if _, err := layout.Write(made, index); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	if err := os.Rename(dir, filepath.Join(temp, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(err)
	}
	return os.Rename(made, dir)
}

// writeTar writes what docker load takes.
func writeTar(path string, tag name.Tag, made []v1.Image) error {
	if len(made) > 1 {
		return onePlatform("an archive for docker load holds one platform")
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := tarball.Write(tag, made[0], file); err != nil {
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
