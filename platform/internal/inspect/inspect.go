//go:build linux

// Package inspect describes an image that buildpacks made.
package inspect

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
)

// Image describes an image of one platform.
type Image struct {
	Platform  string
	Digest    string
	Size      int64 // bytes of all layers, compressed
	Node      string
	RunImage  string
	User      string
	Processes []Process
	Layers    []Layer
	SBOM      []SBOM
}

// Process is a process that the image can start.
type Process struct {
	Type    string
	Command []string // with its arguments
	Default bool
}

// Layer is a layer of an image, lowest first.
type Layer struct {
	Owner  string // "run image", "armature/node-engine:node", "app"
	Digest string
	Size   int64 // bytes, compressed
}

// SBOM is what a buildpack reports that it put into the image.
type SBOM struct {
	Owner      string // the buildpack's folder in the layer
	Components int
}

// Buildpacks returns an image's buildpacks, in build order.
func Buildpacks(image v1.Image) ([]labels.Buildpack, error) {
	var build labels.BuildMetadata
	if err := labels.Read(image, labels.Build, &build); err != nil {
		return nil, notOfBuildpacks(labels.Build, err)
	}
	return build.Buildpacks, nil
}

// Read describes an image. An image that no lifecycle made is a failure.
func Read(image v1.Image) (*Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	i := &Image{Platform: config.OS + "/" + config.Architecture, Digest: digest.String(), User: config.Config.User}
	lifecycle, err := read(config.Config.Labels)
	if err != nil {
		return nil, notOfBuildpacks(labels.Lifecycle, err)
	}
	var build labels.BuildMetadata
	if err := labels.Parse(config.Config.Labels, labels.Build, &build); err != nil {
		return nil, notOfBuildpacks(labels.Build, err)
	}
	i.RunImage = lifecycle.RunImage.Reference
	i.Node = lifecycle.node()
	for _, p := range build.Processes {
		i.Processes = append(i.Processes, Process{Type: p.Type, Command: append(p.Command, p.Args...), Default: p.Type == build.DefaultProcess})
	}
	return i, i.readLayers(image, lifecycle)
}

func notOfBuildpacks(label string, err error) error {
	return &failure.Failure{ID: "not-of-buildpacks", Cause: "the image's label " + label + " cannot be read", Err: err, Remedy: "name an image that armature or another platform of Cloud Native Buildpacks built."}
}

// metadata is the lifecycle's label, with the metadata of each buildpack layer,
// by its owner.
type metadata struct {
	labels.LifecycleMetadata
	layers map[string]labels.Layer
	app    []labels.Layer
}

func read(from map[string]string) (metadata, error) {
	m := metadata{layers: map[string]labels.Layer{}}
	if err := labels.Parse(from, labels.Lifecycle, &m.LifecycleMetadata); err != nil {
		return m, err
	}
	var err error
	if m.app, err = m.AppLayers(); err != nil {
		return m, fmt.Errorf("reading the label %s: %w", labels.Lifecycle, err)
	}
	for _, buildpack := range m.Buildpacks {
		for name := range buildpack.Layers {
			layer, err := buildpack.Layer(name)
			if err != nil {
				return m, fmt.Errorf("reading the label %s: %w", labels.Lifecycle, err)
			}
			m.layers[buildpack.Key+":"+name] = *layer
		}
	}
	return m, nil
}

// node returns the version in the metadata of node-engine's layer.
func (m metadata) node() string {
	for _, owner := range slices.Sorted(maps.Keys(m.layers)) {
		if version, ok := m.layers[owner].Value("version").(string); ok && strings.HasSuffix(owner, "/node-engine:node") {
			return version
		}
	}
	return ""
}

// owners returns the owners of layers, by diff id.
func (m metadata) owners() map[string]string {
	owners := map[string]string{}
	for _, one := range []struct {
		layer *labels.Layer
		owner string
	}{{m.SBOM, "bills of materials"}, {m.Config, "lifecycle: config"}, {m.Launcher, "lifecycle: launcher"}, {m.ProcessTypes, "lifecycle: process types"}} {
		if one.layer != nil {
			owners[one.layer.SHA] = one.owner
		}
	}
	for _, layer := range m.app {
		owners[layer.SHA] = "app"
	}
	for _, owner := range slices.Sorted(maps.Keys(m.layers)) {
		owners[m.layers[owner].SHA] = owner
	}
	return owners
}

// Owners returns the owners of an image's layers, as in Layer, by digest.
func Owners(image v1.Image) (map[v1.Hash]string, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	m, err := read(config.Config.Labels)
	if err != nil {
		return nil, err
	}
	contents, owners, base := m.owners(), map[v1.Hash]string{}, true
	for i, layer := range manifest.Layers {
		if i >= len(config.RootFS.DiffIDs) {
			break
		}
		content := config.RootFS.DiffIDs[i].String()
		owners[layer.Digest] = ownerOf(contents, content, base)
		base = base && content != m.RunImage.TopLayer
	}
	return owners, nil
}

func ownerOf(owners map[string]string, content string, base bool) string {
	switch owner := owners[content]; {
	case base:
		return "run image"
	case owner == "":
		return "unknown"
	default:
		return owner
	}
}

func (i *Image) readLayers(image v1.Image, m metadata) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	owners, base := m.owners(), true
	for _, layer := range layers {
		content, err := layer.DiffID()
		if err != nil {
			return err
		}
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		size, err := layer.Size()
		if err != nil {
			return err
		}
		owner := ownerOf(owners, content.String(), base)
		base = base && content.String() != m.RunImage.TopLayer
		i.Size += size
		i.Layers = append(i.Layers, Layer{Owner: owner, Digest: digest.String(), Size: size})
		if m.SBOM != nil && content.String() == m.SBOM.SHA {
			if i.SBOM, err = readSBOM(layer); err != nil {
				return fmt.Errorf("reading the bills of materials: %w", err)
			}
		}
	}
	return nil
}

// cycloneDX is the file name of the format that is counted; the other formats
// have the same content.
const cycloneDX = "/sbom.cdx.json"

// The maximal bytes of one file, and of the decompressed layer with all files.
const (
	maxSBOM  = 64 << 20
	maxSBOMs = 1 << 30
)

func readSBOM(layer v1.Layer) ([]SBOM, error) {
	content, err := layer.Uncompressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var found []SBOM
	limited := &io.LimitedReader{R: content, N: maxSBOMs}
	for archive := tar.NewReader(limited); ; {
		header, err := archive.Next()
		if limited.N <= 0 {
			return nil, fmt.Errorf("they have more than %d bytes", maxSBOMs)
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		owner, ok := strings.CutSuffix(header.Name, cycloneDX)
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		var bill struct {
			Components []json.RawMessage `json:"components"`
		}
		if err := json.NewDecoder(io.LimitReader(archive, maxSBOM)).Decode(&bill); err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		if _, below, ok := strings.Cut(owner, "sbom/launch/"); ok {
			owner = below
		}
		found = append(found, SBOM{Owner: owner, Components: len(bill.Components)})
	}
}
