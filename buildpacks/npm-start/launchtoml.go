package npmstart

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Keys of a process's working directory in launch.toml: what packit 2.25
// writes, and what the lifecycle reads (Buildpack API, "launch.toml").
const (
	writtenKey = "working-directory"
	readKey    = "working-dir"
)

// CorrectLaunch gives the working directories of the processes in the
// launch.toml of a layers folder the key that the lifecycle reads. Without it
// every process starts in the app's root. A folder without the file is left as
// it is.
func CorrectLaunch(layersDir string) error {
	path := filepath.Join(layersDir, "launch.toml")
	var launch map[string]any
	if _, err := toml.DecodeFile(path, &launch); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("reading launch.toml again: %w", err)
	}
	processes, _ := launch["processes"].([]map[string]any)
	for _, process := range processes {
		if dir, ok := process[writtenKey]; ok {
			process[readKey] = dir
			delete(process, writtenKey)
		}
	}
	if err := wholefile.Write(path, func(out io.Writer) error { return toml.NewEncoder(out).Encode(launch) }); err != nil {
		return fmt.Errorf("writing launch.toml again: %w", err)
	}
	return nil
}
