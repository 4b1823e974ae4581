//go:build linux

package phases

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// imageChanged is the failure for an image that the lifecycle cannot have made of
// the run image and the buildpacks' declarations.
func imageChanged(what string) error {
	return &failure.Failure{
		ID: "image-changed", Cause: "a program that ran in the build changed the image: " + what,
		Remedy: "nothing was kept. Find out which script or dependency does that: builds run the install scripts of all dependencies.",
	}
}

// declared is the buildpacks' part of the image configuration, which the
// lifecycle's builder writes for its exporter (Platform API, "metadata.toml").
type declared struct {
	Buildpacks []struct {
		ID      string `toml:"id" json:"id"`
		Version string `toml:"version" json:"version"`
	} `toml:"buildpacks" json:"buildpacks"`
	Labels []struct {
		Key   string `toml:"key"`
		Value string `toml:"value"`
	} `toml:"labels" json:"-"`
	Processes []process `toml:"processes" json:"processes"`
}

// process is a process of an image.
type process struct {
	Type      string `toml:"type" json:"type"`
	Direct    bool   `toml:"direct" json:"direct"` // the launcher starts it without bash
	Buildpack string `toml:"buildpack-id" json:"buildpackID"`
}

// maxSmallFile is the maximal size in bytes of a descriptor or a list of
// versions.
const maxSmallFile = 1 << 20

// declared reads it from the layers folder, which programs of the app could write
// to: it must be a regular file of limited size.
func (b *Build) declared() (d declared, err error) {
	dir, err := b.openLayers()
	if err != nil {
		return d, err
	}
	defer dir.Close()
	const name = "config/metadata.toml"
	text, err := regular.Read(dir, name, maxSmallFile)
	if err == nil {
		err = toml.Unmarshal(text, &d)
	}
	if err != nil {
		return d, fmt.Errorf("reading %s of the lifecycle: %w", name, err)
	}
	return d, nil
}

// Paths of the launcher and the links to it in an image.
const (
	lifecycleDir = "/cnb/lifecycle"
	processDir   = "/cnb/process"
)

// checkConfig refuses an image whose configuration has anything beyond the run
// image's configuration, the buildpacks' declarations and the lifecycle's
// additions.
func checkConfig(image, run *v1.ConfigFile, d declared, platformAPI string) error {
	is, base := image.Config, run.Config
	for _, check := range []func() error{
		func() error { return d.checkEntrypoint(is) },
		func() error { return checkEnv(is.Env, base.Env, platformAPI) },
		func() error { return d.checkLabels(is.Labels, base.Labels) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if is.User != base.User {
		return imageChanged(fmt.Sprintf("its user is %q, want the run image's %q", is.User, base.User))
	}
	if is.WorkingDir != appDir {
		return imageChanged(fmt.Sprintf("its working directory is %q, want %q", is.WorkingDir, appDir))
	}
	is.Entrypoint, is.Cmd, is.Env, is.Labels, is.WorkingDir = base.Entrypoint, base.Cmd, base.Env, base.Labels, base.WorkingDir
	if !reflect.DeepEqual(normal(is), normal(base)) {
		return imageChanged("its configuration has settings that are neither the run image's nor the lifecycle's")
	}
	return nil
}

// normal returns a configuration as after writing and reading it: without empty
// lists.
func normal(config v1.Config) (same any) {
	if err := json.Unmarshal(asJSON(config), &same); err != nil {
		panic(err)
	}
	return same
}

// asJSON encodes a value of strings, numbers, raw JSON, and lists and maps of
// them, which cannot fail.
func asJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

func (d declared) checkEntrypoint(config v1.Config) error {
	want := []string{path.Join(lifecycleDir, "launcher")}
	for _, process := range d.Processes {
		want = append(want, path.Join(processDir, process.Type))
	}
	if len(config.Entrypoint) != 1 || !slices.Contains(want, config.Entrypoint[0]) {
		return imageChanged(fmt.Sprintf("its entrypoint is %q, want one of %q", config.Entrypoint, want))
	}
	if len(config.Cmd) > 0 {
		return imageChanged(fmt.Sprintf("its command is %q, want none", config.Cmd))
	}
	return nil
}

// checkEnv compares lists of NAME=VALUE.
func checkEnv(is, base []string, platformAPI string) error {
	want := variables(base)
	maps.Copy(want, map[string]string{
		"CNB_LAYERS_DIR": layersDir, "CNB_APP_DIR": appDir, "CNB_PLATFORM_API": platformAPI, "CNB_DEPRECATION_MODE": "quiet",
		"PATH": strings.Join([]string{processDir, lifecycleDir, want["PATH"]}, ":"),
	})
	got := variables(is)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if value, known := want[name]; !known || value != got[name] {
			return imageChanged(fmt.Sprintf("it sets the variable %s to %q, want %q", name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, is := got[name]; !is {
			return imageChanged(fmt.Sprintf("it does not set the variable %s, want %q", name, want[name]))
		}
	}
	return nil
}

func variables(pairs []string) map[string]string {
	all := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

func (d declared) checkLabels(is, base map[string]string) error {
	want := maps.Clone(base)
	if want == nil {
		want = map[string]string{}
	}
	for _, label := range d.Labels {
		want[label.Key] = label.Value
	}
	own := labels.OfLifecycle()
	for _, name := range own {
		delete(want, name)
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if value, known := want[name]; (!known || value != is[name]) && !slices.Contains(own, name) {
			return imageChanged(fmt.Sprintf("its label %s is %q, and neither the run image nor a buildpack says so", name, is[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := is[name]; !there {
			return imageChanged(fmt.Sprintf("its label %s is gone, want %q", name, want[name]))
		}
	}
	var said declared
	if err := json.Unmarshal([]byte(is[labels.Build]), &said); err != nil {
		return imageChanged(fmt.Sprintf("its label %s: %v", labels.Build, err))
	}
	if !slices.Equal(said.Buildpacks, d.Buildpacks) || !slices.Equal(said.Processes, d.Processes) {
		return imageChanged(fmt.Sprintf("its label %s lists other buildpacks or processes than those that took part", labels.Build))
	}
	return nil
}
