package sbom

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// cycloneDXVersion is old enough for all current scanners and has all fields
// used here.
const (
	cycloneDXVersion = cyclonedx.SpecVersion1_5
	cycloneDXSchema  = "http://cyclonedx.org/schema/bom-1.5.schema.json"
)

// CycloneDX is the document as CycloneDX 1.5 JSON,
// application/vnd.cyclonedx+json. Its serial number is derived from the
// content.
func (d Document) CycloneDX() ([]byte, error) {
	components, err := d.normalized()
	if err != nil {
		return nil, err
	}
	all := make([]cyclonedx.Component, 0, len(components))
	for _, c := range components {
		all = append(all, cycloneDXComponent(c))
	}
	bom := cyclonedx.NewBOM()
	bom.SpecVersion, bom.JSONSchema = cycloneDXVersion, cycloneDXSchema
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: Created,
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{
			{Type: cyclonedx.ComponentTypeApplication, Name: tool},
		}},
		Component: &cyclonedx.Component{
			BOMRef: "root", Type: cyclonedx.ComponentTypeApplication, Name: d.Name, Version: d.Version,
		},
	}
	bom.Components = &all
	unnumbered, err := encodeCycloneDX(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = "urn:uuid:" + uuid(unnumbered)
	return encodeCycloneDX(bom)
}

// encodeCycloneDX encodes a document that uses no later fields: the library
// would copy the whole document to remove those, which takes longer than
// everything else.
func encodeCycloneDX(bom *cyclonedx.BOM) ([]byte, error) {
	var out bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetEscapeHTML(false)
	if err := encoder.Encode(bom); err != nil {
		return nil, fmt.Errorf("writing CycloneDX: %w", err)
	}
	return out.Bytes(), nil
}

func cycloneDXComponent(c Component) cyclonedx.Component {
	out := cyclonedx.Component{
		BOMRef: c.PURL, Type: cyclonedx.ComponentType(c.Type), Name: c.Name, Version: c.Version,
		PackageURL: c.PURL, CPE: c.CPE, Scope: cyclonedx.ScopeRequired,
	}
	if out.BOMRef == "" || c.variant != "" {
		out.BOMRef = "component-" + c.id()
	}
	if scope, name, ok := strings.Cut(c.Name, "/"); ok && strings.HasPrefix(scope, "@") {
		out.Group, out.Name = scope, name
	}
	if c.Development {
		out.Scope = cyclonedx.ScopeExcluded
	}
	if licenses := cycloneDXLicenses(c.Licenses); licenses != nil {
		out.Licenses = &licenses
	}
	if len(c.Checksums) > 0 {
		var sums []cyclonedx.Hash
		for _, algorithm := range algorithms(c) {
			sums = append(sums, cyclonedx.Hash{Algorithm: cycloneDXHashes[algorithm], Value: c.Checksums[algorithm]})
		}
		out.Hashes = &sums
	}
	return out
}

var cycloneDXHashes = map[string]cyclonedx.HashAlgorithm{
	"md5": cyclonedx.HashAlgoMD5, "sha1": cyclonedx.HashAlgoSHA1, "sha256": cyclonedx.HashAlgoSHA256,
	"sha384": cyclonedx.HashAlgoSHA384, "sha512": cyclonedx.HashAlgoSHA512,
}

// cycloneDXLicenses returns a list of ids and names or, if any license is an
// expression, a single expression: the format allows no mixture.
func cycloneDXLicenses(licenses []string) cyclonedx.Licenses {
	var out cyclonedx.Licenses
	for _, l := range licenses {
		switch {
		case isLicenseID(l):
			out = append(out, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: l}})
		case isExpression(l):
			return cyclonedx.Licenses{{Expression: conjunction(licenses, reference)}}
		default:
			out = append(out, cyclonedx.LicenseChoice{License: &cyclonedx.License{Name: l}})
		}
	}
	return out
}

// uuid returns a UUID of version 8 (RFC 9562, custom) derived from the content.
func uuid(content []byte) string {
	sum := sha256.Sum256(content)
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	digits := hex.EncodeToString(sum[:16])
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}
