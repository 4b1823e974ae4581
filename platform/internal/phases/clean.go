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

// While an app is built, its scripts and those of its dependencies can write
// into every layer. A buildpack says in its buildpack.toml which of its layers
// hold nothing of the app:
//
//	[metadata]
//	  layers-without-app-code = ["node"]
//
// What such a layer must hold is known from a build in which no program of any
// app ran. A layer that claims the same metadata and has another digest is
// refused; one that nothing is known of is not given to the next build.

// cleanLayers is what is known of such layers.
type cleanLayers struct {
	Declared []layerName  `json:"declared"` // those of the builder's buildpacks
	Launcher string       `json:"launcher"` // diff id of the lifecycle's
	Layers   []cleanLayer `json:"layers"`
}

// layerName is "BUILDPACK@VERSION:LAYER".
type layerName string

func nameOf(buildpack, version, layer string) layerName {
	return layerName(buildpack + "@" + version + ":" + layer)
}

// cleanLayer is one layer's metadata and digest.
type cleanLayer struct {
	Name  layerName `json:"name"`
	About any       `json:"about"` // what the lifecycle's label says of it, but for its digest
	SHA   string    `json:"sha"`   // diff id
}

// cleanFile is the file of a folder that holds its cleanLayers.
const cleanFile = "layers.json"

// readClean reads that file. What is not there is not known.
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

// leaveClean writes down what is to be known of the layers of an image, and of
// the cache, of a build in which no program of an app ran.
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

// declaredLayers are those that the buildpacks of an unpacked builder declare.
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
			continue // it declares nothing that can be read
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
			continue // another buildpack's metadata may be of any shape
		}
		version := path.Base(path.Dir(descriptor))
		for _, layer := range said.Metadata.Layers {
			all = append(all, nameOf(said.Buildpack.ID, version, layer))
		}
	}
	return all, nil
}

// of lists the declared layers among those that a label tells of.
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

// compare says of a layer whether it is the one that is known by its metadata.
// One with the same metadata and another content is changed.
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

// layerChanged is the failure of an image with a layer that was written to.
func layerChanged(name layerName) error {
	return &failure.Failure{
		ID: "layer-changed", Cause: fmt.Sprintf("a program that ran in the build changed the layer %s, which holds nothing of the app", name),
		Remedy: "nothing was kept. Find out which script or dependency does that: builds run the install scripts of all dependencies.",
	}
}
