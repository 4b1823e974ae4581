//go:build linux

package phases

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// layersOf returns the wanted layers of an image's buildpacks, and their metadata
// in the image's label.
func layersOf(image v1.Image, wanted func(name layerName, layer json.RawMessage) bool) (kept labels.LifecycleMetadata, layers []v1.Layer, err error) {
	metadata, err := readLayersMetadata(image)
	if err != nil {
		return kept, nil, err
	}
	for _, one := range metadata.Buildpacks {
		maps.DeleteFunc(one.Layers, func(name string, layer json.RawMessage) bool {
			return !wanted(nameOf(one.Key, one.Version, name), layer)
		})
		if len(one.Layers) == 0 {
			continue
		}
		kept.Buildpacks = append(kept.Buildpacks, one)
		for _, name := range slices.Sorted(maps.Keys(one.Layers)) {
			layer, err := layerOf(image, one, name)
			if err != nil {
				return kept, nil, err
			}
			layers = append(layers, layer)
		}
	}
	return kept, layers, nil
}

// layerOf finds a layer of the image's label.
func layerOf(image v1.Image, buildpack labels.BuildpackLayers, name string) (v1.Layer, error) {
	said, err := buildpack.Layer(name)
	if err != nil {
		return nil, fmt.Errorf("reading the label %s: %w", labels.Lifecycle, err)
	}
	return byDiffID(image, *said)
}

func byDiffID(image v1.Image, said labels.Layer) (v1.Layer, error) {
	diffID, err := said.DiffID()
	if err != nil {
		return nil, fmt.Errorf("reading the label %s: %w", labels.Lifecycle, err)
	}
	layer, err := image.LayerByDiffID(diffID)
	if err != nil {
		return nil, err
	}
	return known{layer, diffID}, nil
}

func readLayersMetadata(image v1.Image) (metadata labels.LifecycleMetadata, err error) {
	err = labels.Read(image, labels.Lifecycle, &metadata)
	return metadata, err
}

// withLauncher appends the image's layer with the lifecycle's launcher, if any,
// to the result of layersOf.
func withLauncher(image v1.Image, kept *labels.LifecycleMetadata, layers []v1.Layer) ([]v1.Layer, error) {
	metadata, err := readLayersMetadata(image)
	if err != nil || metadata.Launcher == nil {
		return layers, err
	}
	layer, err := byDiffID(image, *metadata.Launcher)
	if err != nil {
		return nil, err
	}
	kept.Launcher = metadata.Launcher
	return append(layers, layer), nil
}

// known is a layer with a known diff id, so that it need not be decompressed.
type known struct {
	v1.Layer
	diffID v1.Hash
}

func (k known) DiffID() (v1.Hash, error) { return k.diffID, nil }

// imageOf makes an image of layers and their metadata.
func imageOf(to targets.Target, metadata labels.LifecycleMetadata, layers []v1.Layer) (v1.Image, error) {
	bare, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: to.OS, Architecture: to.Arch, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Labels: map[string]string{labels.Lifecycle: string(asJSON(metadata))}},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(bare, layers...)
}
