package modules

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/vacation"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// downloadsFile is the archive in which the layer of downloads is kept between
// builds. npm's cache, for one, is thousands of small files in as many folders, and
// the lifecycle would restore, hash and store them even in builds that do not run
// the manager.
const downloadsFile = "downloads.tar"

// Downloads is a manager's cache of downloads: a folder while the manager runs, an
// archive in that folder before and after. One that the app brought is always a
// folder.
type Downloads struct {
	Dir      string // absolute; the layer
	manager  string // for the log
	log      scribe.Emitter
	spans    *spans.Recorder
	vendored bool
}

func (d *Downloads) archive() string { return filepath.Join(d.Dir, downloadsFile) }

// Open unpacks the archive, if any, for the manager. If that fails, the cache
// starts empty.
func (d *Downloads) Open() error {
	file, err := os.Open(d.archive())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	defer d.spans.Start(spans.Task, "unpacking "+d.manager+"'s cache")()
	err = vacation.NewTarArchive(file).Decompress(d.Dir)
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return tree.DiskFull("the disk is full while unpacking "+d.manager+"'s cache into "+d.Dir, err)
	case err != nil:
		d.log.Process("WARNING: beginning with an empty cache of %s's: %s", d.manager, err.Error())
		if err := tree.Remove(d.Dir); err != nil {
			return err
		}
		return os.Mkdir(d.Dir, 0o755)
	}
	return os.Remove(d.archive())
}

// close packs the manager's downloads into an archive. If the manager did not open
// the existing archive, close keeps it, and removes what scripts put beside it.
func (d *Downloads) close() error {
	filled, err := tree.IsFilled(d.Dir)
	if err != nil || !filled || d.vendored {
		return err
	}
	defer d.spans.Start(spans.Task, "packing "+d.manager+"'s cache")()
	made := d.Dir + ".tar" // beside the layer; without a TOML file it is no layer
	if err := os.Rename(d.archive(), made); errors.Is(err, fs.ErrNotExist) {
		err = writeArchive(made, d.Dir)
		if err != nil {
			return errors.Join(tree.CopyingFault(d.Dir, made, err), os.Remove(made))
		}
	} else if err != nil {
		return err
	}
	if err := tree.Remove(d.Dir); err != nil {
		return err
	}
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		return err
	}
	return os.Rename(made, d.archive())
}

// writeArchive writes the regular files of a folder to a tar archive, in order,
// without owners and times. It has no entries for folders, nor for other kinds of
// files.
func writeArchive(path, dir string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	archive := tar.NewWriter(file)
	err = tree.Files(dir, func(path string) error {
		from, err := os.Open(path)
		if err != nil {
			return err
		}
		defer from.Close()
		info, err := from.Stat()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: info.Size(), Mode: int64(info.Mode().Perm())}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("archiving %s: %w", path, err)
		}
		_, err = io.Copy(archive, from)
		return err
	})
	return errors.Join(err, archive.Close())
}

// openDownloads returns the layer of downloads. The app's own cache replaces the
// layer's content, unless it is already there from the previous build.
func (e *engine) openDownloads() (packit.Layer, *Downloads, error) {
	words := e.manager.Words()
	layer, err := e.context.Layers.Get(words.CacheLayer)
	if err != nil {
		return packit.Layer{}, nil, err
	}
	if e.method.Cache {
		if layer, err = vendoredDownloads(filepath.Join(e.project.Dir, words.VendoredCache), layer); err != nil {
			return packit.Layer{}, nil, err
		}
	} else {
		delete(layer.Metadata, keyMetadata) // the content changes
	}
	layer.Launch, layer.Build, layer.Cache = false, false, true
	if err := os.MkdirAll(layer.Path, 0o755); err != nil {
		return packit.Layer{}, nil, fmt.Errorf("making the layer %s: %w", words.CacheLayer, err)
	}
	return layer, &Downloads{Dir: layer.Path, manager: words.Name, log: e.log, spans: e.spans, vendored: e.method.Cache}, nil
}

func vendoredDownloads(folder string, layer packit.Layer) (packit.Layer, error) {
	digest, err := tree.Digest(folder)
	if err != nil {
		return packit.Layer{}, fmt.Errorf("reading %s: %w", folder, err)
	}
	restored, err := tree.IsFilled(layer.Path)
	if err != nil {
		return packit.Layer{}, err
	}
	if restored && layer.Metadata[keyMetadata] == digest {
		return layer, tree.Remove(folder)
	}
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, err
	}
	layer.Metadata = map[string]any{keyMetadata: digest}
	return layer, errors.Join(os.Remove(layer.Path), tree.Move(folder, layer.Path))
}

// closeDownloads reduces the layer of downloads to what the next build needs.
func (e *engine) closeDownloads(d *Downloads) error {
	if err := e.manager.BoundDownloads(d.Dir); err != nil {
		return err
	}
	return d.close()
}
