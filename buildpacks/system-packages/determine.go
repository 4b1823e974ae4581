package systempackages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/apt"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/request"
	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/runimage"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// build is one build.
type build struct {
	Builder
	context packit.BuildContext
	spans   *spans.Recorder
	target  targets.Target
	asked   []request.Package
	own     map[string]string // the run image's packages: versions by name
	distro  string            // "debian-13"
	sbom    bool
	apt     apt.Apt
}

// determine reads what is asked for and from where it comes. work is a folder for
// the build's files.
func (b Builder) determine(context packit.BuildContext, work string) (*build, error) {
	run := &build{Builder: b, context: context, spans: spans.New(context.Platform.Path, b.Log.TitleWriter)}
	var err error
	if run.target, err = targets.FromEnv(b.Environ.Get); err != nil {
		return nil, err
	}
	if run.asked, err = request.Read(context.WorkingDir, b.Environ.Get); err != nil {
		return nil, err
	}
	for _, p := range run.asked {
		if err := apt.Unsupported(p.Name, p.Where); err != nil {
			return nil, err
		}
	}
	off, err := settings.Bool(b.Environ.Get, settings.DisableSBOM, false)
	if err != nil {
		return nil, err
	}
	run.sbom = !off
	if run.distro, err = b.distribution(); err != nil {
		return nil, err
	}
	state, err := context.Layers.Get(stateLayer)
	if err != nil {
		return nil, err
	}
	run.apt = apt.Apt{State: state.Path, Work: work, Target: run.target, Environ: b.Environ}
	if err := run.readBindings(); err != nil {
		return nil, err
	}
	return run, run.readRunImage()
}

// readBindings reads archives and certificate authorities.
func (run *build) readBindings() error {
	found, err := bindings.Find(run.Bindings, run.context.Platform.Path, cacerts.BindingType, apt.BindingType)
	if err != nil {
		return err
	}
	if text := run.Environ.Get(apt.SourcesVariable); text != "" {
		run.apt.Sources, err = run.System.OfSetting(text)
	} else {
		run.apt.Sources, err = run.System.Sources()
	}
	if err != nil {
		return err
	}
	further, err := run.System.OfBindings(found, run.apt.Work)
	if err != nil {
		return err
	}
	run.apt.Sources = append(run.apt.Sources, further...)
	authority, err := cacerts.Read(found)
	if err != nil || len(authority) == 0 {
		return err
	}
	system, err := cacerts.System(run.Environ.Get)
	if err != nil {
		return fmt.Errorf("reading the system's certificates: %w", err)
	}
	run.apt.Authority = filepath.Join(run.apt.Work, "authorities.pem")
	return os.WriteFile(run.apt.Authority, append(append(system, '\n'), cacerts.Bundle(authority)...), 0o644)
}

// readRunImage reads which packages the run image has.
func (run *build) readRunImage() error {
	id, err := runimage.ID(filepath.Dir(run.context.Layers.Path))
	if err != nil {
		return err
	}
	run.apt.Installed, err = runimage.Packages(run.RunImages, id)
	if err != nil {
		return err
	}
	if len(run.apt.Installed) == 0 {
		return &failure.Failure{
			ID:     "run-image-unknown",
			Cause:  "system packages are asked for, and the builder does not say which ones its run images have: there is no " + run.RunImages,
			Remedy: "build with Armature's builder.",
		}
	}
	run.own = apt.Versions(run.apt.Installed)
	return nil
}

// distribution returns the build image's distribution, whose archive it is, as
// "debian-13". The run image must have the same, as far as the lifecycle knows it.
func (b Builder) distribution() (string, error) {
	text, err := os.ReadFile(b.OSRelease)
	if err != nil {
		return "", fmt.Errorf("reading which distribution the build image is: %w", err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		fields[name] = strings.Trim(value, `"`)
	}
	own := fields["ID"] + "-" + fields["VERSION_ID"]
	name, version := b.Environ.Get("CNB_TARGET_DISTRO_NAME"), b.Environ.Get("CNB_TARGET_DISTRO_VERSION")
	if name != "" && (name != fields["ID"] || version != "" && version != fields["VERSION_ID"]) {
		return "", &failure.Failure{
			ID:     "run-image-distribution",
			Cause:  fmt.Sprintf("the run image is %s %s, and system packages come from %s, want the same", name, version, own),
			Remedy: "build with a run image of the builder's distribution, or put the packages into the run image.",
		}
	}
	return own, nil
}
