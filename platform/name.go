//go:build linux

package platform

import (
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// parseName parses an image's name.
func parseName(text string) (name.Tag, error) {
	tag, err := images.ParseTag(text)
	if err != nil {
		return name.Tag{}, images.Misnamed(text, &failure.Failure{ID: "image-name", Cause: fmt.Sprintf("%q cannot be an image's name", text), Err: err, Remedy: "use at least two lower-case letters or digits, with . _ - and / between them, and a tag after a colon: team/my-app:1.0."})
	}
	return tag, nil
}

// sortTargets returns the requested targets without duplicates, in the order of
// [Targets]; linux/arm64 if there are none.
func sortTargets(asked []Target) ([]Target, error) {
	if len(asked) == 0 {
		return []Target{targets.LinuxARM64}, nil
	}
	for _, to := range asked {
		if _, err := targets.Parse(to.String()); err != nil {
			return nil, &failure.Failure{ID: "unsupported-target", Cause: "reading the targets", Err: err, Remedy: "choose linux/arm64, linux/amd64 or both."}
		}
	}
	return slices.DeleteFunc(targets.All(), func(to targets.Target) bool { return !slices.Contains(asked, to) }), nil
}

// hostOr returns the requested target, or this machine's.
func hostOr(asked Target) (Target, error) {
	if asked == (Target{}) {
		return targets.Host()
	}
	host, err := targets.Parse(asked.String())
	if err != nil {
		return host, &failure.Failure{ID: "unsupported-target", Cause: "reading the host's platform", Err: err, Remedy: "choose linux/arm64 or linux/amd64."}
	}
	return host, nil
}
