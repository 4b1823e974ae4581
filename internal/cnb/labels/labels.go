// Package labels reads the labels of lifecycles and builders that describe an
// image (Platform API, "Labels"; Distribution spec, "Builder"). It has only the
// fields that this repository uses. integration/contract compares its types
// with the lifecycle's.
package labels

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Names of labels.
const (
	Lifecycle  = "io.buildpacks.lifecycle.metadata"       // of an app's image: its layers and its run image
	Build      = "io.buildpacks.build.metadata"           // its buildpacks and processes
	Project    = "io.buildpacks.project.metadata"         // its source
	ExecEnv    = "io.buildpacks.exec-env"                 // what it is made for: "production"
	Rebasable  = "io.buildpacks.rebasable"                // whether its run image can be changed
	Cache      = "io.buildpacks.lifecycle.cache.metadata" // of a cache image, and the name of the file in a cache folder
	Builder    = "io.buildpacks.builder.metadata"         // of a builder: its run images and its lifecycle
	Buildpacks = "io.buildpacks.buildpack.layers"         // the buildpacks of a builder, by id and version
)

// OfLifecycle are the labels of an app's image that the lifecycle sets itself.
func OfLifecycle() []string { return []string{Lifecycle, Build, Project, ExecEnv, Rebasable} }

// LifecycleMetadata is the label [Lifecycle], and the label [Cache], which has
// only buildpacks. Encoding omits unset fields.
type LifecycleMetadata struct {
	Buildpacks   []BuildpackLayers `json:"buildpacks"`
	Launcher     *Layer            `json:"launcher,omitempty"`
	App          json.RawMessage   `json:"app,omitempty"` // see [LifecycleMetadata.AppLayers]
	SBOM         *Layer            `json:"sbom,omitempty"`
	Config       *Layer            `json:"config,omitempty"`
	ProcessTypes *Layer            `json:"process-types,omitempty"`
	RunImage     RunImage          `json:"runImage,omitzero"`
}

// AppLayers returns the layers of the app's folder. The first lifecycles wrote
// a single layer instead of a list, which is an error.
func (m LifecycleMetadata) AppLayers() (layers []Layer, err error) {
	if m.App == nil {
		return nil, nil
	}
	if err := json.Unmarshal(m.App, &layers); err != nil {
		return nil, fmt.Errorf("layers of the app: %w", err)
	}
	return layers, nil
}

// BuildpackLayers has the layers of one buildpack, by name. [Layer] has the
// known fields of each; Layers keeps the others, too.
type BuildpackLayers struct {
	Key     string                     `json:"key"` // the buildpack's id
	Version string                     `json:"version"`
	Layers  map[string]json.RawMessage `json:"layers"`
}

// Layer returns the layer with the name, or nil.
func (b BuildpackLayers) Layer(name string) (*Layer, error) {
	text, ok := b.Layers[name]
	if !ok {
		return nil, nil
	}
	var layer Layer
	if err := json.Unmarshal(text, &layer); err != nil {
		return nil, fmt.Errorf("layer %s of %s: %w", name, b.Key, err)
	}
	return &layer, nil
}

// Layer is a layer's entry in a label.
type Layer struct {
	SHA    string `json:"sha"` // the digest of the uncompressed layer; empty where there is none
	Data   any    `json:"data,omitempty"`
	Build  bool   `json:"build,omitempty"`
	Launch bool   `json:"launch,omitempty"`
	Cache  bool   `json:"cache,omitempty"`
}

// Value returns the value of a key in the layer's metadata, or nil.
func (l Layer) Value(key string) any {
	data, _ := l.Data.(map[string]any)
	return data[key]
}

// DiffID is SHA, parsed.
func (l Layer) DiffID() (v1.Hash, error) { return v1.NewHash(l.SHA) }

// RunImage is the run image of an app image, and its alternatives for a rebase.
type RunImage struct {
	TopLayer  string   `json:"topLayer"`  // digest of its last layer, uncompressed
	Reference string   `json:"reference"` // the one that was used, by its digest
	Image     string   `json:"image"`
	Mirrors   []string `json:"mirrors"`
}

// BuildMetadata is the label [Build].
type BuildMetadata struct {
	Buildpacks     []Buildpack `json:"buildpacks"` // in the order in which they built
	Processes      []Process   `json:"processes"`
	DefaultProcess string      `json:"buildpack-default-process-type"`
}

// Buildpack is one that took part.
type Buildpack struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Process is a process that the launcher can start.
type Process struct {
	Type      string   `json:"type"`
	Command   []string `json:"command"`
	Args      []string `json:"args"`
	Direct    bool     `json:"direct"` // the launcher starts it without bash
	Buildpack string   `json:"buildpackID"`
}

// BuilderMetadata is the label [Builder], which pack writes.
type BuilderMetadata struct {
	Stack struct {
		RunImage RunImageChoice `json:"runImage"`
	} `json:"stack"`
	Images    []RunImageChoice `json:"images"`
	Lifecycle struct {
		Version string `json:"version"`
		APIs    struct {
			Platform struct {
				Deprecated []string `json:"deprecated"`
				Supported  []string `json:"supported"`
			} `json:"platform"`
		} `json:"apis"`
	} `json:"lifecycle"`
}

// RunImages returns the builder's run images, including an older builder's
// stack.
func (m BuilderMetadata) RunImages() []RunImageChoice {
	if len(m.Images) == 0 && m.Stack.RunImage.Image != "" {
		return []RunImageChoice{m.Stack.RunImage}
	}
	return m.Images
}

// RunImageChoice is a run image and its mirrors.
type RunImageChoice struct {
	Image   string   `json:"image"`
	Mirrors []string `json:"mirrors"`
}

// Read decodes the named label into a value. A missing label, or JSON of
// another shape, is an error that names the label.
func Read(image v1.Image, name string, into any) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	return Parse(config.Config.Labels, name, into)
}

// Parse is [Read] for labels that were already read.
func Parse(labels map[string]string, name string, into any) error {
	if err := json.Unmarshal([]byte(labels[name]), into); err != nil {
		return fmt.Errorf("reading the label %s: %w", name, err)
	}
	return nil
}
