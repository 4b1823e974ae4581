package sbom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// The version of Syft's JSON schema that is written. Readers accept older
// schemas than their own.
const (
	syftSchema    = "16.0.0"
	syftSchemaURL = "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-" + syftSchema + ".json"
)

// The fields that Syft's JSON schema requires. Slices are never nil: the schema
// requires arrays.
type (
	syftDocument struct {
		Artifacts     []syftArtifact     `json:"artifacts"`
		Relationships []syftRelationship `json:"artifactRelationships"`
		Source        syftSource         `json:"source"`
		Distro        syftDistro         `json:"distro"`
		Descriptor    syftDescriptor     `json:"descriptor"`
		Schema        syftSchemaRef      `json:"schema"`
	}
	syftArtifact struct {
		ID        string        `json:"id"`
		Name      string        `json:"name"`
		Version   string        `json:"version"`
		Type      string        `json:"type"`
		FoundBy   string        `json:"foundBy"`
		Locations []struct{}    `json:"locations"`
		Licenses  []syftLicense `json:"licenses"`
		Language  string        `json:"language"`
		CPEs      []syftCPE     `json:"cpes"`
		PURL      string        `json:"purl"`
	}
	syftLicense struct {
		Value      string     `json:"value"`
		Expression string     `json:"spdxExpression"`
		Type       string     `json:"type"`
		URLs       []string   `json:"urls"`
		Locations  []struct{} `json:"locations"`
	}
	syftCPE struct {
		CPE    string `json:"cpe"`
		Source string `json:"source"`
	}
	syftRelationship struct {
		Parent string `json:"parent"`
		Child  string `json:"child"`
		Type   string `json:"type"`
	}
	syftSource struct {
		ID       string         `json:"id"`
		Name     string         `json:"name"`
		Version  string         `json:"version"`
		Type     string         `json:"type"`
		Metadata syftSourcePath `json:"metadata"`
	}
	syftSourcePath struct {
		Path string `json:"path"`
	}
	syftDistro struct {
		Name      string `json:"name,omitempty"`
		ID        string `json:"id,omitempty"`
		VersionID string `json:"versionID,omitempty"`
	}
	syftDescriptor struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	syftSchemaRef struct {
		Version string `json:"version"`
		URL     string `json:"url"`
	}
)

// syftKinds maps a package URL's type to Syft's package type and language.
var syftKinds = map[string]struct{ kind, language string }{
	"npm":     {"npm", "javascript"},
	"deb":     {"deb", ""},
	"generic": {"binary", ""},
}

// Syft is the document as JSON of Syft's schema 16, application/vnd.syft+json.
// A component of type [OperatingSystem] becomes its "distro", the others its
// artifacts. It has no fields for Checksums and Development.
func (d Document) Syft() ([]byte, error) {
	components, err := d.normalized()
	if err != nil {
		return nil, err
	}
	doc := syftDocument{
		Artifacts:     []syftArtifact{},
		Relationships: []syftRelationship{},
		Source: syftSource{
			ID: digest(d.Name + "\x00" + d.Version), Name: d.Name, Version: d.Version,
			Type: "directory", Metadata: syftSourcePath{Path: d.Name},
		},
		Descriptor: syftDescriptor{Name: tool},
		Schema:     syftSchemaRef{Version: syftSchema, URL: syftSchemaURL},
	}
	for _, c := range components {
		if c.Type == OperatingSystem {
			doc.Distro = syftDistro{Name: c.Name, ID: c.Name, VersionID: c.Version}
			continue
		}
		doc.Artifacts = append(doc.Artifacts, syftArtifactOf(c))
		doc.Relationships = append(doc.Relationships, syftRelationship{doc.Source.ID, c.id(), "contains"})
	}
	out, err := encode(doc)
	if err != nil {
		return nil, fmt.Errorf("writing Syft's JSON: %w", err)
	}
	return out, nil
}

func syftArtifactOf(c Component) syftArtifact {
	a := syftArtifact{
		ID: c.id(), Name: c.Name, Version: c.Version, Type: "UnknownPackage", FoundBy: tool, PURL: c.PURL,
		Locations: []struct{}{}, Licenses: []syftLicense{}, CPEs: []syftCPE{},
	}
	if kind, ok := syftKinds[purlType(c.PURL)]; ok {
		a.Type, a.Language = kind.kind, kind.language
	}
	for _, l := range c.Licenses {
		license := syftLicense{Value: l, Type: "declared", URLs: []string{}, Locations: []struct{}{}}
		if isExpression(l) {
			license.Expression = l
		}
		a.Licenses = append(a.Licenses, license)
	}
	if c.CPE != "" {
		a.CPEs = append(a.CPEs, syftCPE{CPE: c.CPE, Source: "declared"})
	}
	return a
}

// encode returns JSON on one line, as cyclonedx-go writes it.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return slices.Clip(out.Bytes()), err
}
