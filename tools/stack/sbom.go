package main

import (
	"bytes"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/sbom"
)

// billOfMaterials lists the packages of an image as CycloneDX JSON, without a
// time or a random serial number, so that the same packages give the same
// bytes.
func billOfMaterials(k kind, t targets.Target, pointRelease string, packages []deb) ([]byte, error) {
	var components []cyclonedx.Component
	for _, p := range packages {
		purl := sbom.DebPURL(p.name, p.version, p.arch, "debian-"+debianVersion)
		components = append(components, cyclonedx.Component{
			BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary,
			Name: p.name, Version: p.version, PackageURL: purl,
		})
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &cyclonedx.Component{
		BOMRef: "image", Type: cyclonedx.ComponentTypeContainer,
		Name: "armature/trixie-" + k.name, Version: pointRelease,
		Properties: &[]cyclonedx.Property{{Name: "io.armature.target", Value: t.String()}},
	}}
	bom.Components = &components

	var out bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON)
	if err := encoder.SetPretty(true).Encode(bom); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
