//go:build linux

package order

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
	"github.com/armature-cnb/armature/platform/internal/source"
)

// path returns a locator's path, and whether it exists.
func (l Locator) path() (string, bool) {
	path := strings.TrimPrefix(l.Name, "file://")
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.Base, path)
	}
	_, err := os.Lstat(path)
	return path, err == nil || path == l.Name && filepath.IsAbs(l.Name) || strings.HasPrefix(l.Name, "file://")
}

// file unpacks a folder, an archive or a buildpackage.
func (f *finder) file(l Locator, path string) (Ref, []module, error) {
	if l.Inside {
		if err := isInside(l.Base, path); err != nil {
			return Ref{}, nil, unusable(l.Name, err)
		}
	}
	dir, err := f.folder()
	if err != nil {
		return Ref{}, nil, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case info.IsDir():
		err = source.Copy(f.ctx, path, dir, f.work, nil)
	case info.Mode().IsRegular():
		err = f.unpack(path, dir)
	default:
		err = errors.New("it is neither a folder nor a file")
	}
	if err != nil {
		return Ref{}, nil, unusable(l.Name, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "oci-layout")); err == nil {
		image, err := f.packaged(dir)
		if err != nil {
			return Ref{}, nil, unusable(l.Name, err)
		}
		return f.ofImage(l.Name, image, func(err error) error { return unusable(l.Name, err) })
	}
	m, err := inFolder(dir)
	if err != nil {
		return Ref{}, nil, unusable(l.Name, err)
	}
	return m.Ref, []module{m}, f.pinFolder(l.Name, dir)
}

// pinFolder records the digest of a buildpack's folder.
func (f *finder) pinFolder(name, dir string) error {
	digest, err := source.Digest(f.ctx, dir)
	f.fetched = append(f.fetched, Fetched{name, digest})
	return err
}

// isInside refuses a path that is outside of a folder, directly or through
// symbolic links.
func isInside(folder, path string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	rel, err := filepath.Rel(folder, path)
	if err == nil {
		_, err = root.Stat(rel)
	}
	if err != nil {
		return fmt.Errorf("the app's own project.toml names it, so that it has to be in the app's folder (name that file with --descriptor to allow any): %w", err)
	}
	return nil
}

// folder makes a new folder that everybody can read.
func (f *finder) folder() (string, error) {
	dir, err := os.MkdirTemp(f.work, "buildpack-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// unpack unpacks a tar archive, gzipped or not, and writes nothing outside of
// dir.
func (f *finder) unpack(path, dir string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content := bufio.NewReaderSize(file, 1<<20)
	var archive io.Reader = content
	if magic, _ := content.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if archive, err = gzip.NewReader(content); err != nil {
			return err
		}
	}
	return rootfs.UnpackArchive(f.ctx, dir, archive)
}

// inFolder returns the only buildpack in a folder.
func inFolder(dir string) (module, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return module{}, err
	}
	defer root.Close()
	m, err := readModule(root, ".")
	m.dir = dir
	return m, err
}

// packaged returns the host's image in an unpacked buildpackage. The layout must
// have no symbolic link out of it, as it is read by path.
func (f *finder) packaged(dir string) (v1.Image, error) {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("%s is a link, want files and folders in a buildpackage", strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	index, err := oci.ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, one := range manifest.Manifests {
		p := one.Platform
		ours := p != nil && p.OS == f.host.OS && p.Architecture == f.host.Arch
		if one.MediaType.IsImage() && (ours || len(manifest.Manifests) == 1) {
			return index.Image(one.Digest)
		}
	}
	return nil, fmt.Errorf("it has no image for %s", f.host)
}

// image fetches a buildpackage from a registry, without credentials if the app
// names it.
func (f *finder) image(l Locator, reference string) (Ref, []module, error) {
	registries := f.registries
	if l.Inside { // the app named it
		registries = registries.For(fmt.Sprintf("the app's project descriptor in %s", l.Base))
	}
	image, err := registries.Package(f.ctx, reference, f.host)
	if err != nil {
		return Ref{}, nil, err
	}
	return f.ofImage(reference, image, func(err error) error {
		err = images.Failed("fetching "+reference, err)
		var known *failure.Failure
		if errors.As(err, &known) {
			return err
		}
		return unusable(reference, err)
	})
}

// packageLabel names a buildpackage's main buildpack (Distribution spec,
// "Buildpackage").
const packageLabel = "io.buildpacks.buildpackage.metadata"

// ofImage unpacks a buildpackage's image, whose files are laid out as a
// builder's. Unread converts errors of reading the image.
func (f *finder) ofImage(name string, image v1.Image, unread func(error) error) (Ref, []module, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return Ref{}, nil, unread(err)
	}
	var label struct {
		ID      string `json:"id"`
		Version string `json:"version"`
	}
	if err := json.Unmarshal([]byte(config.Config.Labels[packageLabel]), &label); err != nil {
		return Ref{}, nil, unusable(name, fmt.Errorf("its label %s: %w", packageLabel, err))
	}
	main := Ref{ID: label.ID, Version: label.Version}
	digest, err := image.Digest()
	if err != nil {
		return Ref{}, nil, unread(err)
	}
	f.fetched = append(f.fetched, Fetched{name, digest.String()})
	dir, err := f.folder()
	if err != nil {
		return Ref{}, nil, err
	}
	if err := rootfs.Unpack(f.ctx, dir, image, rootfs.Options{}); err != nil {
		return Ref{}, nil, unread(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Ref{}, nil, err
	}
	defer root.Close()
	found, err := modulesIn(root, strings.TrimPrefix(Dir, "/"))
	if err != nil {
		return Ref{}, nil, unusable(name, err)
	}
	has := false
	for i := range found {
		has = has || found[i].Ref == main
		found[i].dir = filepath.Join(dir, found[i].dir)
	}
	if !has {
		return Ref{}, nil, unusable(name, fmt.Errorf("it says that it is %s, and does not have it", main))
	}
	return main, found, nil
}
