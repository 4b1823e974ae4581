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

// Keys of a process's working directory in launch.toml: the one that packit 2.25
// writes, and the one that the lifecycle reads (Buildpack API, "launch.toml").
const (
	writtenKey = "working-directory"
	readKey    = "working-dir"
)

// CorrectLaunch renames the key for the processes' working directories in the
// launch.toml of a layers folder to the one that the lifecycle reads. Otherwise
// every process would start in the app's root. It does nothing if the folder
// lacks the file.
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
