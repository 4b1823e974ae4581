//go:build linux

package phases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// rebaser returns the arguments of the lifecycle's rebaser (Platform API,
// "rebaser").
func (b *Build) rebaser(registry *loopback.Registry) []string {
	return slices.Concat(b.runImageArgs(registry), []string{"-report", "/tmp/report.toml"}, b.userArgs())
}

// offerRebase puts the image to rebase into the build's registry. The lifecycle
// accepts only run images that the image names, so the image temporarily names
// the one in the registry.
func (b *Build) offerRebase(ctx context.Context, registry *loopback.Registry) error {
	config, err := b.Rebase.ConfigFile()
	if err != nil {
		return err
	}
	var metadata struct {
		RunImage labels.RunImage `json:"runImage"` // the only field used; the lifecycle validates the rest
	}
	if err := labels.Parse(config.Config.Labels, labels.Lifecycle, &metadata); err != nil || metadata.RunImage.Image == "" {
		return &failure.Failure{ID: "not-rebasable", Cause: "the image does not say which run image it is on", Err: err, Remedy: "build it again, with armature or pack."}
	}
	b.rebaseName = metadata.RunImage.Image
	named := func(reference string) string { return fmt.Sprintf(`"image":%q`, reference) }
	config = config.DeepCopy()
	config.Config.Labels[labels.Lifecycle] = strings.ReplaceAll(config.Config.Labels[labels.Lifecycle], named(b.rebaseName), named(registry.Reference(loopback.RunRepository)))
	image, err := mutate.ConfigFile(b.Rebase, config)
	if err != nil {
		return err
	}
	return registry.Put(ctx, loopback.AppRepository, image)
}

// namedInLabel encodes a run image's name as in the lifecycle's label.
func namedInLabel(reference string) []byte {
	return inLabel(`"image":"` + reference + `"`)
}

// failed returns the error of a lifecycle that ended with a status.
func (b *Build) failed(watch *watcher, status sandbox.Status) error {
	if b.Rebase == nil {
		return watch.failed(status)
	}
	f := &failure.Failure{ID: "rebase-refused", Cause: "the lifecycle did not put the image on the run image " + b.run.recorded, Remedy: "name a run image of the same distribution and platform, or build the image again."}
	if _, last := buildlog.SplitEnd(watch.said.lines); last != "" {
		f.Err = errors.New(last)
	}
	return f
}
