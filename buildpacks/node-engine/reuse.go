package nodeengine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

// key returns everything that a layer's content depends on, and the metadata
// that others expect of a Node.js layer: dependency-sha, build and launch. All
// values are strings or booleans, so that they compare equal after a round trip
// through TOML.
func (run *build) key(release inventory.Release, more map[string]any) map[string]any {
	var pins []string
	for _, pin := range []inventory.Pin{release.Archive, release.Package, release.NPM} {
		if !pin.IsZero() {
			pins = append(pins, pin.Checksum.String())
		}
	}
	key := map[string]any{
		"version":   release.Version.String(),
		"platform":  release.Target.String(),
		"checksums": strings.Join(pins, " "),
		"buildpack": run.context.BuildpackInfo.Version,

		"dependency-sha": pins[0],
	}
	maps.Copy(key, more)
	return key
}

// digestOfText makes a secret part of a key without exposing it.
func digestOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// digestOf returns one digest of several files.
func digestOf(paths []string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		program, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading a helper of the buildpack: %w", err)
		}
		h.Write(program)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reuse returns the layers of the last build that are still valid, and the
// installations that remain.
func (run *build) reuse(wanted []installation) ([]packit.Layer, []installation, error) {
	var layers []packit.Layer
	var todo []installation
	for _, installation := range wanted {
		layer, err := run.context.Layers.Get(installation.name)
		if err != nil {
			return nil, nil, err
		}
		if !maps.Equal(layer.Metadata, installation.key) || !installation.present() {
			todo = append(todo, installation)
			continue
		}
		run.builder.Logger.Process("Reusing layer %s: Node.js %s", installation.name, run.version)
		installation.reuse(&layer)
		layers = append(layers, layer)
	}
	return layers, todo, nil
}

// present reports whether the layer's content is there. The launch layer's need
// not be: the lifecycle takes it from the previous image.
func (i installation) present() bool {
	if i.name == launchLayer {
		return true
	}
	info, err := os.Stat(filepath.Join(i.layers.Path, i.name, "bin", "node"))
	return err == nil && info.Mode()&0o111 != 0
}

// reuse sets a layer's flags again. It must not write the environment of a
// layer without content, or the lifecycle would take that for the content.
func (i installation) reuse(layer *packit.Layer) {
	if i.name == launchLayer {
		layer.Launch = true
		return
	}
	i.finish(layer, distribution.Found{})
}
