package nodeengine

import "github.com/paketo-buildpacks/packit/v2"

// environmentName is the layer with the NODE_ENV of another execution environment
// than production. The lifecycle reads a buildpack's layers in alphabetical order
// (Buildpack API, "Layer Paths"), and of defaults the first counts: so the layer of
// Node.js, which has production's, is the same in all environments.
const environmentName = "environment"

// environmentLayer makes that layer. It costs less than reusing one.
func (run *build) environmentLayer() (packit.Layer, error) {
	layer, err := emptyLayer(run.context.Layers, environmentName)
	if err != nil {
		return packit.Layer{}, err
	}
	layer.Launch = true
	layer.LaunchEnv.Default("NODE_ENV", string(run.environment))
	return layer, nil
}
