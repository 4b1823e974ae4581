//go:build linux

package phases

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Plan runs the builder's detection alone, on a copy of the app and with the
// environment of a build, and returns what the buildpacks decided. It leaves
// nothing, and waits for no build of the same app. An app that no buildpack takes is
// the error of a build.
func Plan(ctx context.Context, options Options) (_ []decisions.Decision, err error) {
	if err := checkBuilderBy(options); err != nil {
		return nil, err
	}
	b := newBuild(options)
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := inOrder(ctx, b.findImages, b.unpack, b.openPlan, b.copyApp, b.prepare, b.detect); err != nil {
		return nil, err
	}
	return b.decisions()
}

// openPlan makes the folders of a plan.
func (b *Build) openPlan(context.Context) (err error) {
	if b.work, err = b.Home.NewWork(); err == nil {
		err = os.Mkdir(b.cacheFolder(), 0o755)
	}
	return err
}

// detect runs the lifecycle's detector.
func (b *Build) detect(ctx context.Context) (err error) {
	if err := b.writeAnalyzed(); err != nil {
		return err
	}
	spec, err := b.spec()
	if err != nil {
		return err
	}
	watch := newWatcher(b.Log, b.Name, titles(b.builder.image))
	spec.Stdout, spec.Stderr = watch.stream(), watch.stream()
	box, err := sandbox.Start(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	detector := b.programCall(b.environment(), "detector", append(append(inApp[:len(inApp):len(inApp)], inLayers...), inPlatform...)...)
	detector.Heading = buildlog.PhasePrefix + detecting
	status, err := box.Run(ctx, detector, nil)
	failed := err != nil || status != sandbox.Status{}
	watch.end(failed)
	if err == nil && failed {
		b.Log.Explain()
		return b.failed(watch, status)
	}
	return err
}

// Labels of a run image that tell buildpacks its distribution (Platform API,
// "Target data").
const (
	distroNameLabel    = "io.buildpacks.base.distro.name"
	distroVersionLabel = "io.buildpacks.base.distro.version"
	targetLabel        = "io.buildpacks.base.id"
)

// analyzed is the part of analyzed.toml that the detector reads (Platform API,
// "analyzed.toml").
type analyzed struct {
	RunImage struct {
		Reference string `toml:"reference"`
		Target    struct {
			ID      string  `toml:"id,omitempty"`
			OS      string  `toml:"os"`
			Arch    string  `toml:"arch"`
			Variant string  `toml:"arch-variant,omitempty"`
			Distro  *distro `toml:"distro,omitempty"`
		} `toml:"target"`
	} `toml:"run-image"`
}

type distro struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`
}

// writeAnalyzed writes what the analyzer of a build finds out about the target.
func (b *Build) writeAnalyzed() error {
	config, err := b.run.image.ConfigFile()
	if err != nil {
		return fmt.Errorf("reading the run image %s: %w", b.run.found, err)
	}
	var said analyzed
	said.RunImage.Reference = b.run.recorded
	to := &said.RunImage.Target
	to.OS, to.Arch, to.Variant, to.ID = config.OS, config.Architecture, config.Variant, config.Config.Labels[targetLabel]
	name, named := config.Config.Labels[distroNameLabel]
	version, versioned := config.Config.Labels[distroVersionLabel]
	if named || versioned {
		to.Distro = &distro{name, version}
	}
	text, err := toml.Marshal(said)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.work.Path(layersFolder), "analyzed.toml"), text, 0o644)
}

// planFile is the lifecycle's file with the build plan, in the layers folder
// (Platform API, "plan.toml").
const planFile = "plan.toml"

// decisions reads what the buildpacks of the group decided: nothing for buildpacks
// that do not say it.
func (b *Build) decisions() ([]decisions.Decision, error) {
	dir, err := b.openLayers()
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	text, err := regular.Read(dir, planFile, maxPlan)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s of the lifecycle: %w", planFile, err)
	}
	return decisions.Read(text)
}

// maxPlan is the maximal size of the plan, which lists packages of the app.
const maxPlan = 16 << 20

// tellPlan reports the decisions as soon as detection is over. They are for people:
// a plan that cannot be read ends no build.
func (b *Build) tellPlan() {
	if all, err := b.decisions(); err == nil {
		b.Log.Planned(all)
	}
}
