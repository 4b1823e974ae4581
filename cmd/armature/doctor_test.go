//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// A build reads the builder's layers, so that who looks for it reads them, too.
func TestTheDoctorOpensTheBuildersLayers(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := random.Image(100, 2)
	if err != nil {
		t.Fatal(err)
	}
	config, err := plain.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.OS, config.Architecture = host.OS, host.Arch
	image, err := mutate.ConfigFile(plain, config)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), host.Dashed())
	if err := oci.WriteLayout(dir, image); err != nil {
		t.Fatal(err)
	}
	look := func() string {
		var out bytes.Buffer
		p := &program{stdout: &out, getenv: func(string) string { return dir }}
		(&doctor{p}).builder(t.Context())
		return out.String()
	}
	if got := look(); !strings.Contains(got, "yes  builder for "+host.String()) {
		t.Errorf("got %s", got)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	blob := func(one v1.Descriptor) string {
		return filepath.Join(dir, "blobs", one.Digest.Algorithm, one.Digest.Hex)
	}
	if err := os.Remove(blob(manifest.Layers[1])); err != nil { // root may read what is closed
		t.Fatal(err)
	}
	if got := look(); !strings.Contains(got, "no   builder for "+host.String()+": reading the OCI layout "+dir) || !strings.Contains(got, "to fix it: ") {
		t.Errorf("got %s", got)
	}
}
