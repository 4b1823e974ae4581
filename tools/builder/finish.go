package main

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/cnb/labels"
)

// labels.Builder describes a builder (Distribution spec, "Builder").

// maxLabel is how long a label's name and value may be together, in bytes:
// containerd runs no image with a longer one.
const maxLabel = 4096

// finish converts pack's image, which has layers with Docker's media types in
// an OCI manifest, to OCI media types throughout, fixes its labels for older
// platforms, and adds layers.
func finish(made v1.Image, more ...v1.Layer) (v1.Image, error) {
	config, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	said := config.Config.Labels
	if said[labels.Builder], err = withRunImage(said[labels.Builder]); err != nil {
		return nil, fmt.Errorf("reading the label %s: %w", labels.Builder, err)
	}
	for name, value := range said {
		if n := len(name) + len(value); n > maxLabel {
			return nil, fmt.Errorf("label %s: got %d bytes, want at most %d", name, n, maxLabel)
		}
	}
	layers, err := made.Layers()
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, layer := range layers {
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, MediaType: types.OCILayer}); err != nil {
			return nil, err
		}
	}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return nil, err
	}
	return mutate.AppendLayers(image, more...)
}

// withRunImage sets stack.runImage, which readers from before Platform API 0.12
// use, to the first run image. pack leaves it empty if a builder lists several.
func withRunImage(label string) (string, error) {
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal([]byte(label), &metadata); err != nil {
		return "", err
	}
	var images []json.RawMessage
	if err := json.Unmarshal(metadata["images"], &images); err != nil {
		return "", fmt.Errorf("images: %w", err)
	}
	if len(images) == 0 {
		return "", fmt.Errorf("images: got none, want the run images")
	}
	stack, err := json.Marshal(map[string]json.RawMessage{"runImage": images[0]})
	if err != nil {
		return "", err
	}
	metadata["stack"] = stack
	filled, err := json.Marshal(metadata)
	return string(filled), err
}
