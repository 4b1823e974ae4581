//go:build linux

package phases

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/pelletier/go-toml/v2"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// While an app is built, its scripts and those of its dependencies can write into
// every layer. A buildpack declares in its buildpack.toml which of its layers
// hold no app code:
//
//	[metadata]
//	  layers-without-app-code = ["node"]
//
// A build in which no program of any app ran determines the content of such
// layers. A layer with the same metadata and another digest is refused; the next
// build does not get an unknown one.

// cleanLayers are the known layers without app code.
type cleanLayers struct {
	Declared []layerName  `json:"declared"` // by the builder's buildpacks
	Launcher string       `json:"launcher"` // diff id of the lifecycle's launcher
	Layers   []cleanLayer `json:"layers"`
}

// layerName is "BUILDPACK@VERSION:LAYER".
type layerName string

func nameOf(buildpack, version, layer string) layerName {
	return layerName(buildpack + "@" + version + ":" + layer)
}

// cleanLayer is a layer's metadata and digest.
type cleanLayer struct {
	Name  layerName `json:"name"`
	About any       `json:"about"` // its entry in the lifecycle's label, without the digest
	SHA   string    `json:"sha"`   // diff id
}

// cleanFile is the name of the file for cleanLayers.
const cleanFile = "layers.json"

// readClean reads that file. A missing file has no layers.
func readClean(dir string) (known cleanLayers, err error) {
	text, err := os.ReadFile(filepath.Join(dir, cleanFile))
	if err == nil {
		err = json.Unmarshal(text, &known)
	}
	if os.IsNotExist(err) {
		err = nil
	}
	return known, err
}

// leaveClean writes the clean layers of an image and its cache, made by a build
// in which no program of an app ran.
func (b *Build) leaveClean(made v1.Image, dir string) error {
	known := cleanLayers{}
	var err error
	if known.Declared, err = declaredLayers(b.root); err != nil {
		return err
	}
	metadata, err := readLayersMetadata(made)
	if err != nil {
		return err
	}
	if metadata.Launcher != nil {
		known.Launcher = metadata.Launcher.SHA
	}
	if known.Layers, err = known.of(metadata.Buildpacks); err != nil {
		return err
	}
	cached, _, err := readCacheMetadata(b.cacheFolder())
	if err != nil {
		return err
	}
	more, err := known.of(cached)
	if err != nil {
		return err
	}
	known.Layers = append(known.Layers, more...)
	return wholefile.WriteBytes(filepath.Join(dir, cleanFile), asJSON(known))
}

// declaredLayers returns the layers that the buildpacks of an unpacked builder
// declare.
func declaredLayers(root string) ([]layerName, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	descriptors, err := fs.Glob(dir.FS(), "cnb/buildpacks/*/*/buildpack.toml")
	if err != nil {
		return nil, err
	}
	var all []layerName
	for _, descriptor := range descriptors {
		text, err := regular.Read(dir, descriptor, maxSmallFile)
		if err != nil {
			continue // no readable declaration
		}
		var said struct {
			Buildpack struct {
				ID string `toml:"id"`
			} `toml:"buildpack"`
			Metadata struct {
				Layers []string `toml:"layers-without-app-code"`
			} `toml:"metadata"`
		}
		if toml.Unmarshal(text, &said) != nil {
			continue // another buildpack's metadata may have any shape
		}
		version := path.Base(path.Dir(descriptor))
		for _, layer := range said.Metadata.Layers {
			all = append(all, nameOf(said.Buildpack.ID, version, layer))
		}
	}
	return all, nil
}

// of returns the declared layers among those in a label.
func (c cleanLayers) of(buildpacks []labels.BuildpackLayers) (found []cleanLayer, err error) {
	for _, one := range buildpacks {
		for layer, text := range one.Layers {
			name := nameOf(one.Key, one.Version, layer)
			if !slices.Contains(c.Declared, name) {
				continue
			}
			about := map[string]any{}
			if err := json.Unmarshal(text, &about); err != nil {
				return nil, fmt.Errorf("reading what a label says of the layer %s: %w", name, err)
			}
			sha, _ := about["sha"].(string)
			delete(about, "sha")
			found = append(found, cleanLayer{Name: name, About: about, SHA: sha})
		}
	}
	slices.SortFunc(found, func(a, b cleanLayer) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return found, nil
}

// compare reports whether a layer is the known one with its metadata, or has the
// same metadata with changed content. Neither is true for an unknown layer.
func (c cleanLayers) compare(layer cleanLayer) (same, changed bool) {
	for _, known := range c.Layers {
		if known.Name == layer.Name && reflect.DeepEqual(known.About, layer.About) {
			if known.SHA == layer.SHA {
				return true, false
			}
			changed = true
		}
	}
	return false, changed
}

// layerChanged is the failure for an image with a tampered layer.
func layerChanged(name layerName) error {
	return &failure.Failure{
		ID: "layer-changed", Cause: fmt.Sprintf("a program that ran in the build changed the layer %s, which holds nothing of the app", name),
		Remedy: "nothing was kept. Find out which script or dependency does that: builds run the install scripts of all dependencies.",
	}
}
