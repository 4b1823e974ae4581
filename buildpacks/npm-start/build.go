package npmstart

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/settings"
	"github.com/armature-cnb/armature/internal/target"
)

// Names of the layers, and of the program in the first.
const (
	supervisorLayer  = "supervisor"
	environmentLayer = "environment"
	supervisorName   = "supervisor"
)

// keyMetadata is the key in a layer's metadata for the digest that decides
// whether it is reused.
const keyMetadata = "sha256"

// Build sets the process web, in layers of its own.
func Build(getenv settings.Getenv, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		log.Title("%s %s", context.BuildpackInfo.Name, context.BuildpackInfo.Version)
		s, err := readStart(context.WorkingDir, getenv)
		if err != nil {
			return packit.BuildResult{}, err
		}
		t, err := target.FromEnv(getenv)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if layer := getenv(nodemodules.LaunchLayerVariable); layer != "" {
			if err := nodemodules.Relink(s.modules, layer); err != nil {
				return packit.BuildResult{}, err
			}
		}
		if err := s.checkShell(context.Layers.Path); err != nil {
			return packit.BuildResult{}, err
		}
		layers, err := s.layers(context, t, log)
		if err != nil {
			return packit.BuildResult{}, err
		}
		processes := s.processes(filepath.Join(context.Layers.Path, supervisorLayer, "bin", supervisorName))
		describe(log, processes)
		for _, warning := range s.warnings() {
			log.Process("WARNING: %s", strings.ReplaceAll(warning, "%", "%%"))
			log.Break()
		}
		folder, err := appfolder.Open(context.WorkingDir, getenv, log)
		if err == nil {
			err = folder.Finish()
		}
		return packit.BuildResult{Layers: layers, Launch: packit.LaunchMetadata{DirectProcesses: processes}}, err
	}
}

func (s start) layers(context packit.BuildContext, t target.Target, log scribe.Emitter) ([]packit.Layer, error) {
	variables, err := s.environment()
	if err != nil {
		return nil, err
	}
	environment, err := environmentIn(context, variables)
	if err != nil || s.tini {
		return []packit.Layer{environment}, err
	}
	supervisor, err := supervisorIn(context, t, log)
	return []packit.Layer{supervisor, environment}, err
}

// supervisorIn copies the target's supervisor into its layer. The layer of
// the build before is reused, without its content, when it has the same one.
func supervisorIn(context packit.BuildContext, t target.Target, log scribe.Emitter) (packit.Layer, error) {
	source := filepath.Join(context.CNBPath, "bin", t.Dashed(), supervisorName)
	program, err := os.ReadFile(source)
	if errors.Is(err, fs.ErrNotExist) {
		return packit.Layer{}, fmt.Errorf("the buildpack has no supervisor for %s: there is no %s", t, source)
	}
	if err != nil {
		return packit.Layer{}, fmt.Errorf("reading the supervisor: %w", err)
	}
	layer, err := context.Layers.Get(supervisorLayer)
	if err != nil {
		return packit.Layer{}, err
	}
	digest := sha256.Sum256(program)
	key := hex.EncodeToString(digest[:])
	if layer.Metadata[keyMetadata] == key {
		log.Process("Reusing cached layer %s", layer.Path)
		log.Break()
		layer.Launch = true
		return layer, nil
	}
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, err
	}
	layer.Launch = true
	layer.Metadata = map[string]any{keyMetadata: key}
	return layer, writeProgram(filepath.Join(layer.Path, "bin", supervisorName), program)
}

func writeProgram(path string, program []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the supervisor's folder: %w", err)
	}
	if err := os.WriteFile(path, program, 0o755); err != nil {
		return errors.Join(fmt.Errorf("writing the supervisor: %w", err), os.Remove(path))
	}
	return nil
}

// environmentIn makes the layer of variables, or reuses that of the build
// before.
func environmentIn(context packit.BuildContext, env packit.Environment) (packit.Layer, error) {
	layer, err := context.Layers.Get(environmentLayer)
	if err != nil {
		return packit.Layer{}, err
	}
	key := digestOf(env)
	if layer.Metadata[keyMetadata] == key {
		layer.Launch = true
		return layer, nil
	}
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, err
	}
	layer.Launch = true
	layer.LaunchEnv = env
	layer.Metadata = map[string]any{keyMetadata: key}
	return layer, nil
}

func digestOf(env packit.Environment) string {
	var names []string
	for name := range env {
		names = append(names, name)
	}
	sort.Strings(names)
	sum := sha256.New()
	for _, name := range names {
		fmt.Fprintf(sum, "%q=%q\n", name, env[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func describe(log scribe.Emitter, processes []packit.DirectProcess) {
	log.Process("Assigning launch processes:")
	for _, process := range processes {
		kind := process.Type
		if process.Default {
			kind += " (default)"
		}
		log.Subprocess("%s: %s", kind, command.Quote(process.Command))
		log.Action("in %s", process.WorkingDirectory)
	}
	log.Break()
}
