package npmstart

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
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
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(launch); err != nil {
		return fmt.Errorf("writing launch.toml again: %w", err)
	}
	if err := os.WriteFile(path+".new", text.Bytes(), 0o644); err != nil {
		return errors.Join(err, os.RemoveAll(path+".new"))
	}
	return os.Rename(path+".new", path)
}
