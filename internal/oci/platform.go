package oci

import (
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// OtherPlatforms is the error for an OCI layout that has images, but none for
// the requested platform.
type OtherPlatforms struct {
	Dir     string
	Offered []string // os/arch
	Want    targets.Target
}

func (e *OtherPlatforms) Error() string {
	return fmt.Sprintf("the OCI layout %s has images for %s, want %s", e.Dir, strings.Join(e.Offered, ", "), e.Want)
}

// Image opens the image of an OCI layout for a platform. The platform must
// match even if the layout has only one manifest.
func Image(dir string, platform targets.Target) (v1.Image, error) {
	index, err := ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var offered []string
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		got := config.OS + "/" + config.Architecture
		if got == platform.String() {
			return image, checkLayers(image, config)
		}
		offered = append(offered, got)
	}
	return nil, &OtherPlatforms{Dir: dir, Offered: offered, Want: platform}
}

func checkLayers(image v1.Image, config *v1.ConfigFile) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	if got, want := len(layers), len(config.RootFS.DiffIDs); got != want {
		return fmt.Errorf("the image has %d layers, its configuration says %d", got, want)
	}
	for _, layer := range layers {
		blob, err := layer.Compressed()
		if err != nil {
			return err
		}
		if err := blob.Close(); err != nil {
			return err
		}
	}
	return nil
}
