package buildplan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// groupFile is the lifecycle's file with the detected group (Platform API,
// "group.toml"), next to the buildpacks' layers folders.
const groupFile = "group.toml"

// Group has the buildpacks of a build, by the last part of their ids:
// "environment-variables", "procfile".
type Group map[string]bool

// ReadGroup reads the group; it is empty if unknown. layersDir holds the layers
// of all buildpacks.
func ReadGroup(layersDir string) (Group, error) {
	file := filepath.Join(layersDir, groupFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return Group{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the other buildpacks: %w", err)
	}
	var read struct {
		Group []struct {
			ID string `toml:"id"`
		} `toml:"group"`
	}
	if err := toml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("looking for the other buildpacks in %s: %w", file, err)
	}
	all := Group{}
	for _, one := range read.Group {
		all[path.Base(one.ID)] = true
	}
	return all, nil
}
