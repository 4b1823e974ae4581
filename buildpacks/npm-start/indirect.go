package npmstart

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/runimage"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
)

// checkBash returns an error for a process of any buildpack of the group that the
// lifecycle's launcher starts with bash, on a run image that is known to have
// none; mode is the value of BP_NODE_START_CHECK. It warns of files that only
// such processes read, and of the processes that a later buildpack will make of a
// Procfile, which mostly need bash. LayersDir holds the layers of all buildpacks,
// which others are.
func (s start) checkBash(layersDir, mode string, others buildplan.Group, log scribe.Emitter) error {
	id, err := runimage.ID(layersDir)
	if err != nil || mode == "off" || !strings.HasSuffix(id, tiny) {
		return err
	}
	indirect, err := indirectProcesses(layersDir)
	if err != nil {
		return err
	}
	if len(indirect) > 0 {
		failed := &failure.Failure{
			ID:     "bash-missing",
			Cause:  fmt.Sprintf("the run image %s has no bash, and the lifecycle's launcher starts these processes with it: %s", id, strings.Join(indirect, ", ")),
			Remedy: "build with a run image that has bash, such as armature/run, or let their buildpack make them direct. " + settings.StartCheck + "=warn makes the image all the same.",
		}
		if mode == "error" {
			return failed
		}
		warn(log, fmt.Sprintf("[%s] %s. To fix it: build with a run image that has bash, such as armature/run", failed.ID, failed.Cause))
	}
	if lines := procfile.Read(s.root); len(lines) > 0 && others[buildplan.Procfile] && len(indirect) == 0 {
		warn(log, fmt.Sprintf("[procfile-needs-bash] the run image %s has no bash, and processes of a %s mostly start with it. To fix it: build with a run image that has bash, such as armature/run, unless the buildpack that reads the file makes them direct",
			id, procfile.FileName))
	}
	if profiles := s.profiles(layersDir); len(profiles) > 0 {
		warn(log, fmt.Sprintf("[profile-not-read] the run image %s has no bash, so nobody reads %s. To fix it: build with a run image that has bash, such as armature/run, and set the variables in another way, such as BPE_NAME=value",
			id, strings.Join(profiles, ", ")))
	}
	return nil
}

// indirectProcesses returns the types of the processes that need bash, with their
// buildpack's folder, sorted. Since Buildpack API 0.9 there are none, and the
// command is a list.
func indirectProcesses(layersDir string) ([]string, error) {
	var all []string
	for _, file := range below(layersDir, "*/launch.toml") {
		var launch struct {
			Processes []struct {
				Type    string `toml:"type"`
				Command any    `toml:"command"`
				Direct  bool   `toml:"direct"`
			} `toml:"processes"`
		}
		if _, err := toml.DecodeFile(file, &launch); err != nil {
			return nil, fmt.Errorf("reading the processes of another buildpack from %s: %w", file, err)
		}
		for _, process := range launch.Processes {
			if _, old := process.Command.(string); old && !process.Direct {
				all = append(all, fmt.Sprintf("%s (of %s)", process.Type, filepath.Base(filepath.Dir(file))))
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// profiles returns the scripts that the launcher runs with bash: those in
// profile.d of any launch layer, and the app's own.
func (s start) profiles(layersDir string) (all []string) {
	if isFile(filepath.Join(s.root, ".profile")) {
		all = append(all, ".profile of the app")
	}
	for _, script := range below(layersDir, "*/*/profile.d/*") {
		folder := filepath.Dir(script)
		var layer struct {
			Types struct {
				Launch bool `toml:"launch"`
			} `toml:"types"`
		}
		if _, err := toml.DecodeFile(filepath.Dir(folder)+".toml", &layer); err != nil || !layer.Types.Launch {
			continue // not a layer of the app image
		}
		relative, _ := filepath.Rel(layersDir, folder) // which is below it
		if !slices.Contains(all, relative) {
			all = append(all, relative)
		}
	}
	return all
}
