package staticsite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Names of the layers, and of the server's program.
const (
	siteLayer       = "site"
	serverLayer     = "server"
	variablesLayer  = "variables"
	compressedLayer = "compressed"
	serverName      = "static-server"
)

// keyMetadata is the layer metadata key for the digest that decides about reuse.
const keyMetadata = "sha256"

// siteIn makes the layer of the site and that of the cache. It reuses the previous
// layer, without its content, if the site is the same.
func siteIn(context packit.BuildContext, scan *assemble.Scan, log scribe.Emitter) ([]packit.Layer, error) {
	key, err := scan.Key()
	if err != nil {
		return nil, err
	}
	layer, reused, err := keyed(context, siteLayer, key)
	if err != nil {
		return nil, err
	}
	cache, err := context.Layers.Get(compressedLayer)
	if err != nil {
		return nil, err
	}
	cache.Cache = true
	if reused {
		log.Subprocess("Reusing cached layer %s", layer.Path)
		log.Break()
		return []packit.Layer{layer, cache}, os.MkdirAll(cache.Path, 0o755)
	}
	if err := os.MkdirAll(cache.Path, 0o755); err != nil {
		return nil, err
	}
	written, err := scan.Write(layer.Path, cache.Path)
	if err != nil {
		return nil, fmt.Errorf("making the site: %w", err)
	}
	log.Subprocess("Files: %d, with %s, of which %d are there compressed, too", written.Files, bytesText(written.Size), written.Packed)
	log.Break()
	return []packit.Layer{layer, cache}, nil
}

// keyed returns a launch layer. It is an empty one unless the previous one has the
// same key.
func keyed(context packit.BuildContext, name, key string) (layer packit.Layer, reused bool, err error) {
	if layer, err = context.Layers.Get(name); err != nil {
		return layer, false, err
	}
	if reused = layer.Metadata[keyMetadata] == key; !reused {
		if layer, err = layer.Reset(); err != nil {
			return layer, false, err
		}
		layer.Metadata = map[string]any{keyMetadata: key}
	}
	layer.Launch = true
	return layer, reused, nil
}

// serverIn copies the target's server into its layer, or reuses the previous one.
func serverIn(context packit.BuildContext, t targets.Target, log scribe.Emitter) (packit.Layer, error) {
	source := filepath.Join(context.CNBPath, "bin", t.Dashed(), serverName)
	program, err := os.ReadFile(source)
	if errors.Is(err, fs.ErrNotExist) {
		return packit.Layer{}, fmt.Errorf("the buildpack has no server for %s: there is no %s", t, source)
	}
	if err != nil {
		return packit.Layer{}, fmt.Errorf("reading the server: %w", err)
	}
	digest := sha256.Sum256(program)
	layer, reused, err := keyed(context, serverLayer, hex.EncodeToString(digest[:]))
	if err != nil {
		return layer, err
	}
	if reused {
		log.Process("Reusing cached layer %s", layer.Path)
		log.Break()
		return layer, nil
	}
	path := filepath.Join(layer.Path, "bin", serverName)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return layer, fmt.Errorf("making the server's folder: %w", err)
	}
	if err := os.WriteFile(path, program, 0o755); err != nil {
		return layer, errors.Join(fmt.Errorf("writing the server: %w", err), os.Remove(path))
	}
	return layer, nil
}

// variablesIn makes the layer of the user's variables.
func variablesIn(context packit.BuildContext, env packit.Environment) (packit.Layer, error) {
	layer, err := context.Layers.Get(variablesLayer)
	if err != nil {
		return layer, err
	}
	if layer, err = layer.Reset(); err != nil {
		return layer, err
	}
	layer.Launch, layer.LaunchEnv = true, env
	return layer, nil
}

// bytesText is a size for people.
func bytesText(size int64) string {
	if size < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(size)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(size)/1e6)
}

// plain returns a text from files without terminal control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
