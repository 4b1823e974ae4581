package sbom

import (
	"fmt"
	"net/url"
	"strings"
)

// The used fields of SPDX 2.3 JSON. This package defines its own structs,
// because the reader and writer of github.com/spdx/tools-golang link versions
// 2.1 to 3.0 and a JSON-LD processor.
type (
	spdxDocument struct {
		Version           string             `json:"spdxVersion"`
		DataLicense       string             `json:"dataLicense"`
		ID                string             `json:"SPDXID"`
		Name              string             `json:"name"`
		Namespace         string             `json:"documentNamespace"`
		Creation          spdxCreation       `json:"creationInfo"`
		ExtractedLicenses []spdxLicense      `json:"hasExtractedLicensingInfos,omitempty"`
		Packages          []spdxPackage      `json:"packages"`
		Relationships     []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxLicense struct {
		ID   string `json:"licenseId"`
		Name string `json:"name"`
		Text string `json:"extractedText"`
	}
	spdxPackage struct {
		ID               string          `json:"SPDXID"`
		Name             string          `json:"name"`
		Version          string          `json:"versionInfo,omitempty"`
		DownloadLocation string          `json:"downloadLocation"`
		FilesAnalyzed    bool            `json:"filesAnalyzed"`
		Purpose          string          `json:"primaryPackagePurpose"`
		Concluded        string          `json:"licenseConcluded"`
		Declared         string          `json:"licenseDeclared"`
		Copyright        string          `json:"copyrightText"`
		Checksums        []spdxChecksum  `json:"checksums,omitempty"`
		References       []spdxReference `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxReference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

const (
	spdxDocumentID   = "SPDXRef-DOCUMENT"
	spdxRootID       = "SPDXRef-Root"
	spdxNoAssertion  = "NOASSERTION"
	spdxNamespaceURL = "https://github.com/armature-cnb/armature/spdx/"
)

// SPDX is the document as SPDX 2.3 JSON, application/spdx+json. The subject is
// a package that contains the components. The namespace ends in an id derived
// from the content.
func (d Document) SPDX() ([]byte, error) {
	components, err := d.normalized()
	if err != nil {
		return nil, err
	}
	doc := spdxDocument{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: spdxDocumentID, Name: d.Name,
		Creation:          spdxCreation{Created: Created, Creators: []string{"Tool: " + tool}},
		ExtractedLicenses: spdxExtracted(components),
		Packages: []spdxPackage{spdxPackageOf(
			spdxRootID, Component{Type: Application, Name: d.Name, Version: d.Version},
		)},
		Relationships: []spdxRelationship{{spdxDocumentID, "DESCRIBES", spdxRootID}},
	}
	for _, c := range components {
		id := "SPDXRef-Package-" + c.id()
		doc.Packages = append(doc.Packages, spdxPackageOf(id, c))
		relationship := spdxRelationship{spdxRootID, "CONTAINS", id}
		if c.Development {
			relationship = spdxRelationship{id, "DEV_DEPENDENCY_OF", spdxRootID}
		}
		doc.Relationships = append(doc.Relationships, relationship)
	}
	unnamed, err := encode(doc)
	if err != nil {
		return nil, fmt.Errorf("writing SPDX: %w", err)
	}
	doc.Namespace = spdxNamespaceURL + url.PathEscape(d.Name) + "-" + uuid(unnamed)
	return encode(doc)
}

func spdxPackageOf(id string, c Component) spdxPackage {
	p := spdxPackage{
		ID: id, Name: c.Name, Version: c.Version, Purpose: strings.ToUpper(string(c.Type)),
		DownloadLocation: spdxNoAssertion, Concluded: spdxNoAssertion, Copyright: spdxNoAssertion,
		Declared: conjunction(c.Licenses, reference),
	}
	if p.Declared == "" {
		p.Declared = spdxNoAssertion
	}
	for _, algorithm := range algorithms(c) {
		p.Checksums = append(p.Checksums, spdxChecksum{strings.ToUpper(algorithm), c.Checksums[algorithm]})
	}
	if c.PURL != "" {
		p.References = append(p.References, spdxReference{"PACKAGE-MANAGER", "purl", c.PURL})
	}
	if c.CPE != "" {
		p.References = append(p.References, spdxReference{"SECURITY", "cpe23Type", c.CPE})
	}
	return p
}

// spdxExtracted lists each license that is not on the SPDX License List once,
// as SPDX 2.3 section 10 requires for its id.
func spdxExtracted(components []Component) []spdxLicense {
	var all []spdxLicense
	seen := map[string]bool{}
	add := func(id, name string) {
		if seen[id] {
			return
		}
		seen[id] = true
		all = append(all, spdxLicense{ID: id, Name: name, Text: fmt.Sprintf("Declared as %q; the text is with the package.", name)})
	}
	for _, c := range components {
		for _, l := range c.Licenses {
			if !isExpression(l) {
				add(reference(l), l)
				continue
			}
			for _, id := range references(l) {
				add(id, id)
			}
		}
	}
	return all
}
