package main

import (
	"bytes"
	"net/url"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// sbom lists the packages of an image as CycloneDX JSON. It names no time and
// no serial number, so that the same packages give the same bytes.
func sbom(k kind, t targets.Target, pointRelease string, packages []deb) ([]byte, error) {
	var components []cyclonedx.Component
	for _, p := range packages {
		purl := packageURL(p)
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

// packageURL is the package URL of type deb (package-url/purl-spec).
func packageURL(p deb) string {
	return "pkg:deb/debian/" + url.QueryEscape(p.name) + "@" + url.QueryEscape(p.version) +
		"?arch=" + p.arch + "&distro=debian-" + debianVersion
}
