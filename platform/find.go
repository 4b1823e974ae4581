//go:build linux

package platform

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// findImage finds an image by the caller's name for it: an image in armature's
// own folder, an OCI layout, or a reference. A zero target selects the only one,
// or this machine's. It also returns the folder or reference.
func findImage(ctx context.Context, registries images.Registries, h home.Home, called string, to Target) (image v1.Image, reference string, err error) {
	reference = called
	if !images.IsLayout(called) {
		tag, err := images.ParseTag(called)
		if err == nil && images.IsLayout(destination.StorePath(h, tag)) {
			reference = destination.StorePath(h, tag)
			h.UseImage(reference)
		}
	}
	if to != (Target{}) {
		image, err = registries.Find(ctx, reference, to)
		return image, reference, explainNotFound(err, h, reference)
	}
	host, err := targets.Host()
	if err != nil {
		return nil, "", err
	}
	order := []Target{host}
	for _, other := range targets.All() {
		if other != host {
			order = append(order, other)
		}
	}
	var failed error
	for _, to := range order {
		image, err := registries.Find(ctx, reference, to)
		if err == nil || !images.IsOtherPlatform(err) {
			return image, reference, explainNotFound(err, h, reference)
		}
		failed = err
	}
	return nil, "", failed
}

// eachTarget calls do with the image of each target; an image without any is an
// error.
func eachTarget(ctx context.Context, registries images.Registries, h home.Home, called string, do func(to Target, image v1.Image) error) error {
	some := false
	var missing error
	for _, to := range targets.All() {
		image, _, err := findImage(ctx, registries, h, called, to)
		if images.IsOtherPlatform(err) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
		if err := do(to, image); err != nil {
			return err
		}
		some = true
	}
	if !some {
		return missing
	}
	return nil
}

// explainNotFound improves Docker Hub's "not found" for a name without a registry: most
// people mean an image in armature's own folder.
func explainNotFound(err error, h home.Home, reference string) error {
	tag, wrong := images.ParseTag(reference)
	host, _, _ := strings.Cut(reference, "/")
	if err == nil || wrong != nil || images.IsLayout(reference) || images.IsOtherPlatform(err) || errors.Is(err, context.Canceled) || host == "docker.io" || host == tag.RegistryStr() || !images.OnDockerHub(tag) {
		return err
	}
	var f *failure.Failure
	if errors.As(err, &f) && (f.ID == "registry-credentials" || f.ID == "image-reference") {
		return err
	}
	return &failure.Failure{
		ID: "image-not-found", Cause: fmt.Sprintf("no image %s in %s, and names without a registry mean Docker Hub", reference, filepath.Join(h.Dir, "images")), Err: withoutRemedy(err),
		Remedy: "build it with armature build --tag " + reference + ", name the --cache-dir that it was built with, or name the image with its registry.",
	}
}

// withoutRemedy returns a failure's cause without its remedy.
func withoutRemedy(err error) error {
	var f *failure.Failure
	if !errors.As(err, &f) {
		return err
	}
	if f.Err == nil {
		return errors.New(f.Cause)
	}
	return fmt.Errorf("%s: %w", f.Cause, f.Err)
}
