package modules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// Kept is what a manager may take from the layer of the build before, so that it
// need not unpack everything again. Scripts may have changed the layer since, and
// not the note.
type Kept struct {
	Wanted  bool   // a note about the layer is of use for the next build
	Before  string // the folder of the layer as it was; empty if there is none
	Project string // the project's folder, as the path to which a rename leads from Before
	Note    []byte // what the manager noted about the layer
	Next    []byte // what it notes about the layer that it makes
}

const (
	noteFile     = "packages.json" // in the layer
	noteMetadata = "packages_sha"  // the layer metadata key for its SHA-256
)

// setAside empties a layer. It keeps what was in it beside it for the manager, if
// there is a note about it; discard removes that.
func (i *installer) setAside(s spec, layer packit.Layer) (emptied packit.Layer, kept *Kept, discard func() error, err error) {
	kept, discard = &Kept{}, func() error { return nil }
	before := layer.Path + ".before" // without a TOML file it is no layer
	if err := tree.Remove(before); err != nil {
		return layer, nil, discard, err
	}
	var layers string
	if !s.launch {
		layers, kept.Project, kept.Wanted = i.renames()
	}
	if note, ok := readNote(layer); ok && kept.Wanted {
		if err := os.Rename(layer.Path, before); err != nil {
			return layer, nil, discard, fmt.Errorf("keeping the layer %s: %w", layer.Name, err)
		}
		kept.Before, kept.Note = filepath.Join(layers, filepath.Base(before)), note
		discard = func() error { return tree.Remove(before) }
	}
	emptied, err = layer.Reset()
	return emptied, kept, discard, err
}

// renames returns paths of the layers and of the project between which files can be
// renamed; ok is false if there are none.
func (i *installer) renames() (layers, project string, ok bool) {
	layers, project = i.context.Layers.Path, i.project.Dir
	if canRename(layers, project) {
		return layers, project, true
	}
	layers, inRoom := tree.InRoom(layers)
	project, both := tree.InRoom(project)
	return layers, project, inRoom && both && canRename(layers, project)
}

// canRename tries it.
func canRename(from, to string) bool {
	made, err := os.MkdirTemp(from, ".move-")
	if err != nil {
		return false
	}
	moved := filepath.Join(to, filepath.Base(made))
	if err := os.Rename(made, moved); err != nil {
		_ = os.Remove(made) // an empty folder, and no layer
		return false
	}
	return os.Remove(moved) == nil
}

// readNote reads the note in a layer.
func readNote(layer packit.Layer) (note []byte, ok bool) {
	note, err := os.ReadFile(filepath.Join(layer.Path, noteFile))
	want, isText := layer.Metadata[noteMetadata].(string)
	return note, err == nil && isText && want == digestOf(note)
}

func digestOf(note []byte) string {
	sum := sha256.Sum256(note)
	return hex.EncodeToString(sum[:])
}

// writeNote puts the manager's note into a layer for the build, and its digest into
// the metadata, which no script can write.
func (s spec) writeNote(layer packit.Layer, note []byte) error {
	place := filepath.Join(layer.Path, noteFile)
	if s.launch || len(note) == 0 {
		return nil
	}
	if err := os.WriteFile(place, note, 0o644); err != nil {
		return fmt.Errorf("noting the packages of the layer %s: %w", layer.Name, err)
	}
	layer.Metadata[noteMetadata] = digestOf(note)
	return nil
}
