package sbom

import (
	"bytes"
	"io"

	"github.com/paketo-buildpacks/packit/v2"
)

// The extensions of the SBOM files that the lifecycle reads next to a layer,
// <layer>.sbom.<extension>, with their media types.
const (
	CycloneDXExtension = "cdx.json"  // application/vnd.cyclonedx+json
	SPDXExtension      = "spdx.json" // application/spdx+json
	SyftExtension      = "syft.json" // application/vnd.syft+json
)

// MediaTypes are the formats for buildpack.toml's sbom-formats.
func MediaTypes() []string {
	return []string{"application/vnd.cyclonedx+json", "application/spdx+json", "application/vnd.syft+json"}
}

// Formatter adapts the document to packit, for a layer's SBOM or a build's.
// packit's interface has no error, so reading an invalid document fails before
// the first byte; [Document.Validate] returns the error earlier.
func (d Document) Formatter() packit.SBOMFormatter { return formatter{d} }

type formatter struct{ document Document }

func (f formatter) Formats() []packit.SBOMFormat {
	return []packit.SBOMFormat{
		{Extension: CycloneDXExtension, Content: &lazy{make: f.document.CycloneDX}},
		{Extension: SPDXExtension, Content: &lazy{make: f.document.SPDX}},
		{Extension: SyftExtension, Content: &lazy{make: f.document.Syft}},
	}
}

// lazy generates its content on the first read.
type lazy struct {
	make    func() ([]byte, error)
	content *bytes.Reader
}

var _ io.Reader = (*lazy)(nil)

func (l *lazy) Read(p []byte) (int, error) {
	if l.content == nil {
		content, err := l.make()
		if err != nil {
			return 0, err
		}
		l.content = bytes.NewReader(content)
	}
	return l.content.Read(p)
}
