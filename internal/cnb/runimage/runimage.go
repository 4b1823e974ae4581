// Package runimage has what a build can know about the run image.
package runimage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// analyzedFile has the lifecycle's data about the run image (Platform API,
// "analyzed.toml"), next to the buildpacks' folders of layers.
const analyzedFile = "analyzed.toml"

// PackagesDir is the folder of a builder with a file for each of its run images,
// named by the image's id (io.buildpacks.base.id): the control stanzas of the
// image's Debian packages (deb-control(5)), with empty lines between.
const PackagesDir = "/usr/share/armature/run-images"

// ID returns the run image's id (io.buildpacks.base.id); "" if the lifecycle's file
// is missing, or an image extension will change the image. layersDir holds the layers of
// all buildpacks.
func ID(layersDir string) (string, error) {
	file := filepath.Join(layersDir, analyzedFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for the run image's id: %w", err)
	}
	var analyzed struct {
		RunImage struct {
			Extend bool `toml:"extend"`
			Target struct {
				ID string `toml:"id"`
			} `toml:"target"`
		} `toml:"run-image"`
	}
	if err := toml.Unmarshal(text, &analyzed); err != nil {
		return "", fmt.Errorf("reading the run image's id from %s: %w", file, err)
	}
	if analyzed.RunImage.Extend {
		return "", nil
	}
	return analyzed.RunImage.Target.ID, nil
}
