//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/oci/sizes"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// size measures the Express app's image: compressed, uncompressed, and
// compressed without the run image.
func (b *bench) size(ctx context.Context) ([]history.Result, error) {
	ways := b.ways(express)
	other, well := []targets.Target{b.foreign}, []string{"--compression", "small"}
	onTiny := []string{"--run-image", filepath.Join(b.stack, "run-tiny-"+b.foreign.Arch)}
	ways = append(ways, way{name: small, platforms: other, more: well}, way{name: tiny, platforms: other, more: onTiny},
		way{name: smallTiny, platforms: other, more: append(onTiny, well...)})
	var all []history.Result
	for _, w := range ways {
		if !b.wants(w.name) || w.name == emulated {
			continue
		}
		layers, err := b.layers(ctx, w)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		all = append(all, sizeResults(w.name, layers, err)...)
	}
	return all, nil
}

// runImage is the owner of a run image's layers.
const runImage = "run image"

// sizeResults returns the three results of an image's layers.
func sizeResults(way string, layers []sizes.Layer, err error) []history.Result {
	results := []history.Result{
		{Scenario: "size", Way: way, Unit: history.Bytes}, {Scenario: "size-above-base", Way: way, Unit: history.Bytes},
		{Scenario: "size-uncompressed", Way: way, Unit: history.Bytes},
	}
	if err != nil {
		for i := range results {
			results[i].Failed = err.Error()
		}
		return results
	}
	var sums [3]float64
	for _, layer := range layers {
		values := []float64{float64(layer.Compressed), float64(layer.Compressed), float64(layer.Uncompressed)}
		if layer.Owner == runImage {
			values[1] = 0
		}
		for i, value := range values {
			sums[i] += value
			if i != 1 {
				results[i].Parts = append(results[i].Parts, history.Part{Name: layer.Owner, Value: value})
			}
		}
	}
	for i := range results {
		results[i].Samples = []float64{sums[i]}
	}
	return results
}

// layers builds the Express app and measures its image.
func (b *bench) layers(ctx context.Context, w way) ([]sizes.Layer, error) {
	to := w.platforms[0]
	if w.engine {
		return b.layersOfEngine(ctx, w, to)
	}
	layout := filepath.Join(b.work, "size-"+w.name)
	made, err := b.prepare(ctx, "size", w, express, "--output", "oci:"+layout)
	if err != nil {
		return nil, err
	}
	if _, err := made.run(ctx); err != nil {
		return nil, err
	}
	described, err := step.Output(ctx, nil, b.armature.Program, "inspect", layout, "--format", "json", "--cache-dir", made.home.Dir)
	if err != nil {
		return nil, err
	}
	var images []struct {
		Layers []struct{ Owner, Digest string } `json:"layers"`
	}
	if err := json.Unmarshal([]byte(described), &images); err != nil || len(images) != 1 {
		return nil, fmt.Errorf("reading what armature inspect says of one image: %w: %s", err, described)
	}
	owners := map[string]string{}
	for _, layer := range images[0].Layers {
		owners[layer.Digest] = layer.Owner
	}
	image, err := oci.Image(layout, to)
	if err != nil {
		return nil, err
	}
	return sizes.Of(image, owners)
}

// layersOfEngine builds with a Dockerfile and pushes the image to measure it:
// the engine has no compressed sizes.
func (b *bench) layersOfEngine(ctx context.Context, w way, to targets.Target) ([]sizes.Layer, error) {
	app, err := b.pusher(ctx, w)
	if err != nil {
		return nil, err
	}
	defer app.registry.Close()
	if err := app.push(ctx, &history.Result{}); err != nil {
		return nil, err
	}
	image, err := app.image(ctx)
	if err != nil {
		return nil, err
	}
	base, err := oci.Image(filepath.Join(b.stack, "run-"+to.Arch), to)
	if err != nil {
		return nil, err
	}
	owners, err := dockerfileOwners(image, base)
	if err != nil {
		return nil, err
	}
	return sizes.Of(image, owners)
}

// dockerfileOwners names the layers of an image: the base's, and each other one
// by its instruction.
func dockerfileOwners(image, base v1.Image) (map[string]string, error) {
	below, err := base.Layers()
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	var steps []string
	for _, one := range config.History {
		if !one.EmptyLayer {
			steps = append(steps, one.CreatedBy)
		}
	}
	owners := map[string]string{}
	for i, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return nil, err
		}
		switch {
		case i < len(below):
			owners[digest.String()] = runImage
		case len(steps) >= len(layers)-i:
			words := strings.Fields(steps[len(steps)-(len(layers)-i)])
			owners[digest.String()] = "COPY to " + words[len(words)-1]
		}
	}
	return owners, nil
}
