//go:build linux

package phases

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/interrupt"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// checkBash refuses an image with processes of any buildpack that the lifecycle's
// launcher starts with bash, if the run image has no bash.
func (b *Build) checkBash(ctx context.Context, image v1.Image) error {
	mode := b.Env[settings.StartCheck]
	if mode == "off" || b.Rebase != nil {
		return nil
	}
	indirect, err := indirectProcesses(image)
	if err != nil || len(indirect) == 0 {
		return err
	}
	has, err := hasBash(ctx, b.run.image)
	if err != nil {
		return images.ReadFailed("reading the run image "+b.run.found, b.run.found, err)
	}
	if has {
		return nil
	}
	failed := &failure.Failure{
		ID:     "bash-missing",
		Cause:  fmt.Sprintf("the run image %s has no bash, and the lifecycle's launcher starts these processes with it: %s", b.run.found, strings.Join(indirect, ", ")),
		Remedy: "build with a run image that has bash, such as armature/run, or let their buildpack make them direct. " + settings.StartCheck + "=warn makes the image all the same.",
	}
	if mode != "warn" {
		return failed
	}
	b.Log.Note("[" + failed.ID + "] " + failed.Cause)
	return nil
}

// indirectProcesses returns the types of an image's processes that start with
// bash, each with its buildpack, in the order of the image.
func indirectProcesses(image v1.Image) (all []string, err error) {
	var said labels.BuildMetadata
	if err := labels.Read(image, labels.Build, &said); err != nil {
		return nil, err
	}
	for _, one := range said.Processes {
		if !one.Direct {
			all = append(all, fmt.Sprintf("%s (of %s)", one.Type, one.Buildpack))
		}
	}
	return all, nil
}

// hasBash reports whether an image has a file called bash. The launcher runs
// /bin/bash, but a symbolic link may provide it.
func hasBash(ctx context.Context, image v1.Image) (bool, error) {
	files := mutate.Extract(image)
	defer files.Close()
	archive := tar.NewReader(interrupt.Reader(ctx, files))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) { // an error of the image comes behind the archive's end
			_, err = io.Copy(io.Discard, files)
			return false, err
		}
		if err != nil || path.Base(header.Name) == "bash" {
			return err == nil, err
		}
	}
}
