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

// labels.Builder says what a builder consists of (Distribution spec, "Builder").

// maxLabel is how long a label's name and value may be together, in bytes:
// containerd runs no image with a longer one.
const maxLabel = 4096

// finish returns what pack made as it is handed on: an image that is OCI's
// throughout, where pack's layers have Docker's media types in OCI's manifest,
// with labels that every platform takes.
func finish(made v1.Image) (v1.Image, error) {
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
	return mutate.ConfigFile(image, config)
}

// withRunImage fills in the one run image that readers of before Platform API
// 0.12 know, which pack leaves empty where a builder lists several: the first.
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
