package npmstart

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"
)

// environmentIn makes a layer of variables, or reuses the previous one.
func environmentIn(context packit.BuildContext, name string, env packit.Environment) (packit.Layer, error) {
	layer, err := context.Layers.Get(name)
	if err != nil {
		return packit.Layer{}, err
	}
	key := digestOf(env)
	if layer.Metadata[keyMetadata] == key {
		layer.Launch = true
		return layer, nil
	}
	if layer, err = layer.Reset(); err == nil {
		layer.Launch = true
		layer.Metadata = map[string]any{keyMetadata: key}
		err = writeEnvironment(layer.Path, env)
	}
	return layer, err
}

func digestOf(env packit.Environment) string {
	sum := sha256.New()
	for _, name := range sortedNames(env) {
		fmt.Fprintf(sum, "%q=%q\n", name, env[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func sortedNames(env packit.Environment) []string { return slices.Sorted(maps.Keys(env)) }
