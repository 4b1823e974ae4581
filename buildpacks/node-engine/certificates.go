package nodeengine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/download/fetch"
)

// certificates makes the layer with the authorities of ca-certificates
// bindings, for later buildpacks. bundle.pem is for programs that read one
// list, so it includes the system's authorities; bindings.pem is for Node.js,
// which adds it to its own. npm is a Node.js program and needs no more; a
// cafile in the user's npmrc still takes precedence.
func (run *build) certificates() (packit.Layer, error) {
	run.builder.Logger.Process("Adding the certificates of %d ca-certificates binding entries to the build", len(run.authority))
	layer, err := emptyLayer(run.context.Layers, certificateLayer)
	if err != nil {
		return packit.Layer{}, err
	}
	system, err := cacerts.System(run.builder.Environ.Get)
	if err != nil {
		return packit.Layer{}, fmt.Errorf("reading the system's certificates: %w", err)
	}
	own := cacerts.Bundle(run.authority)
	bundle := filepath.Join(layer.Path, "bundle.pem")
	bindings := filepath.Join(layer.Path, "bindings.pem")
	all := append([]byte(strings.TrimRight(string(system), "\n")+"\n"), own...)
	for path, text := range map[string][]byte{bundle: all, bindings: own} {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return packit.Layer{}, fetch.DiskFull("writing "+filepath.Base(path), err)
		}
	}
	layer.Build = true
	layer.BuildEnv.Default("SSL_CERT_FILE", bundle)
	layer.BuildEnv.Default("GIT_SSL_CAINFO", bundle)
	layer.BuildEnv.Default("NODE_EXTRA_CA_CERTS", bindings)
	if own := run.builder.Environ.Get("NODE_EXTRA_CA_CERTS"); own != "" {
		run.builder.Logger.Subprocess("WARNING: NODE_EXTRA_CA_CERTS is set to %s, so Node.js does not see the bindings", own)
	}
	return layer, nil
}
