//go:build linux

package phases

import (
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
)

// checkLabels refuses an image without a requested label. The buildpacks write
// the labels, and not all support that.
func (b *Build) checkLabels(image v1.Image) error {
	if len(b.Labels) == 0 {
		return nil
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Labels)) {
		want := b.Labels[name]
		got, found := config.Config.Labels[name]
		switch {
		case found && got == want:
			continue
		case found:
			return missingLabel(fmt.Sprintf("the image's label %s is %q, want %q", name, got, want))
		}
		return missingLabel(fmt.Sprintf("the image has no label %s, want it to be %q", name, want))
	}
	return nil
}

func missingLabel(cause string) error {
	return &failure.Failure{ID: "label-missing", Cause: cause, Remedy: "use a builder whose buildpacks read BP_IMAGE_LABELS, as armature/npm-start does, or leave --label and --git-labels out."}
}
