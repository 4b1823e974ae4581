//go:build linux

// Package inspect says what is in an image that buildpacks made.
package inspect

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
)

// The labels that the lifecycle writes (Platform API, "Labels").
const (
	lifecycleLabel = "io.buildpacks.lifecycle.metadata"
	buildLabel     = "io.buildpacks.build.metadata"
)

// Image is one of one platform, described.
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

// Process is one that the image can start.
type Process struct {
	Type    string
	Command []string // with its arguments
	Default bool
}

// Layer is one of an image, from the bottom up.
type Layer struct {
	Owner  string // "run image", "armature/node-engine:node", "app"
	Digest string
	Size   int64 // bytes, compressed
}

// SBOM is what a buildpack says it put into the image.
type SBOM struct {
	Owner      string // folder of the buildpack in the layer
	Components int
}

// layerMetadata is a layer in the lifecycle's label.
type layerMetadata struct {
	SHA  string         `json:"sha"` // of the uncompressed layer
	Data map[string]any `json:"data"`
}

// lifecycleMetadata is what is read of that label.
type lifecycleMetadata struct {
	App        []layerMetadata `json:"app"`
	SBOM       layerMetadata   `json:"sbom"`
	Config     layerMetadata   `json:"config"`
	Launcher   layerMetadata   `json:"launcher"`
	Processes  layerMetadata   `json:"process-types"`
	Buildpacks []struct {
		Key    string                   `json:"key"`
		Layers map[string]layerMetadata `json:"layers"`
	} `json:"buildpacks"`
	RunImage struct {
		Reference string `json:"reference"`
		TopLayer  string `json:"topLayer"`
	} `json:"runImage"`
}

// buildMetadata is what is read of the other.
type buildMetadata struct {
	Buildpacks []Buildpack `json:"buildpacks"`
	Default    string      `json:"buildpack-default-process-type"`
	Processes  []struct {
		Type    string   `json:"type"`
		Command []string `json:"command"`
		Args    []string `json:"args"`
	} `json:"processes"`
}

// Buildpack is one that took part in making an image.
type Buildpack struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Buildpacks are those that made an image, in the order in which they built.
func Buildpacks(image v1.Image) ([]Buildpack, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	var build buildMetadata
	err = readLabel(config, buildLabel, &build)
	return build.Buildpacks, err
}

// readLabel reads one that the lifecycle wrote.
func readLabel(config *v1.ConfigFile, name string, into any) error {
	if err := json.Unmarshal([]byte(config.Config.Labels[name]), into); err != nil {
		return &failure.Failure{ID: "not-of-buildpacks", Cause: "the image's label " + name + " cannot be read", Err: err, Remedy: "name an image that armature or another platform of Cloud Native Buildpacks built."}
	}
	return nil
}

// Read describes an image. One that no lifecycle made is a failure.
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
	var lifecycle lifecycleMetadata
	var build buildMetadata
	if err := readLabel(config, lifecycleLabel, &lifecycle); err != nil {
		return nil, err
	}
	if err := readLabel(config, buildLabel, &build); err != nil {
		return nil, err
	}
	i.RunImage = lifecycle.RunImage.Reference
	i.Node = lifecycle.node()
	for _, p := range build.Processes {
		i.Processes = append(i.Processes, Process{Type: p.Type, Command: append(p.Command, p.Args...), Default: p.Type == build.Default})
	}
	return i, i.readLayers(image, lifecycle)
}

// node is the version that node-engine's layer says.
func (m lifecycleMetadata) node() string {
	for _, buildpack := range m.Buildpacks {
		if version, ok := buildpack.Layers["node"].Data["version"].(string); ok && strings.HasSuffix(buildpack.Key, "/node-engine") {
			return version
		}
	}
	return ""
}

// owners are those of layers, by the digests of their uncompressed content.
func (m lifecycleMetadata) owners() map[string]string {
	owners := map[string]string{m.SBOM.SHA: "bills of materials", m.Config.SHA: "lifecycle: config", m.Launcher.SHA: "lifecycle: launcher", m.Processes.SHA: "lifecycle: process types"}
	for _, layer := range m.App {
		owners[layer.SHA] = "app"
	}
	for _, buildpack := range m.Buildpacks {
		for name, layer := range buildpack.Layers {
			owners[layer.SHA] = buildpack.Key + ":" + name
		}
	}
	return owners
}

// Owners are the owners of an image's layers, as in Layer, by digest.
func Owners(image v1.Image) (map[v1.Hash]string, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	var metadata lifecycleMetadata
	if err := json.Unmarshal([]byte(config.Config.Labels[lifecycleLabel]), &metadata); err != nil {
		return nil, fmt.Errorf("reading the label %s: %w", lifecycleLabel, err)
	}
	contents, owners, base := metadata.owners(), map[v1.Hash]string{}, true
	for i, layer := range manifest.Layers {
		if i >= len(config.RootFS.DiffIDs) {
			break
		}
		content := config.RootFS.DiffIDs[i].String()
		owners[layer.Digest] = ownerOf(contents, content, base)
		base = base && content != metadata.RunImage.TopLayer
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

func (i *Image) readLayers(image v1.Image, metadata lifecycleMetadata) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	owners, base := metadata.owners(), true
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
		base = base && content.String() != metadata.RunImage.TopLayer
		i.Size += size
		i.Layers = append(i.Layers, Layer{Owner: owner, Digest: digest.String(), Size: size})
		if content.String() == metadata.SBOM.SHA {
			if i.SBOM, err = readSBOM(layer); err != nil {
				return fmt.Errorf("reading the bills of materials: %w", err)
			}
		}
	}
	return nil
}

// cycloneDX is the file's name of the format that is counted; the others say
// the same.
const cycloneDX = "/sbom.cdx.json"

// The most bytes of one that are read, and of the layer with all of them, when it
// is inflated.
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
