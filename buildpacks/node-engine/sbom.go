package nodeengine

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/sbom"
)

// describe adds an SBOM to the layer: Node.js, and npm if the layer has it. It
// does not name the source of the archives, so it is the same for each.
func (i installation) describe(layer *packit.Layer) error {
	document := sbom.Document{Name: i.name, Version: i.Release.Version.String(), Components: components(i.Release, i.NPM)}
	if err := document.Validate(); err != nil {
		return err
	}
	layer.SBOM = document.Formatter()
	return nil
}

func components(release inventory.Release, npm bool) []sbom.Component {
	node := sbom.Component{
		Type: sbom.Application, Name: "Node.js", Version: release.Version.String(),
		PURL: release.PURL, CPE: release.CPE, Licenses: release.Licenses,
		Checksums: map[string]string{},
	}
	for _, pin := range []inventory.Pin{release.Package, release.Archive} {
		if !pin.IsZero() {
			node.Checksums[pin.Checksum.Algorithm] = pin.Checksum.Hex
		}
	}
	all := []sbom.Component{node}
	if npm && release.NPMVersion != "" {
		all = append(all, sbom.Component{
			Type: sbom.Application, Name: "npm", Version: release.NPMVersion,
			PURL: sbom.NPMPURL("npm", release.NPMVersion), Licenses: []string{"Artistic-2.0"},
		})
	}
	return all
}

// sbomWanted reads the switch.
func sbomWanted(getenv settings.Getenv) (bool, error) {
	off, err := settings.Bool(getenv, settings.DisableSBOM, false)
	return !off, err
}
