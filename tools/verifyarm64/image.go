package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

// openImage opens the linux/arm64 image in an OCI layout (a folder) or an
// archive of "docker save" (a file).
func openImage(path string) (v1.Image, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening the image: %w", err)
	}
	if info.IsDir() {
		image, err := oci.Image(path, targets.LinuxARM64)
		var others *oci.OtherPlatforms
		if errors.As(err, &others) {
			return nil, notARM64(path, err)
		}
		if err != nil {
			return nil, fmt.Errorf("opening the image: %w", err)
		}
		return image, nil
	}
	image, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		return nil, fmt.Errorf("opening the image %s: want what docker save writes, with one image in it, or the folder of an OCI layout: %w", path, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("opening the image %s: %w", path, err)
	}
	if got := config.OS + "/" + config.Architecture; got != targets.LinuxARM64.String() {
		return nil, notARM64(path, fmt.Errorf("its config says %s, want %s", got, targets.LinuxARM64))
	}
	return image, nil
}

func notARM64(path string, err error) error {
	return &failure.Failure{
		ID:     "image-not-arm64",
		Cause:  path + " cannot run on an arm64 kernel",
		Remedy: "build the image for linux/arm64, for example with make demo PLATFORM=linux/arm64.",
		Err:    err,
	}
}

// taskOf returns the task that runs an image like a container engine, and
// requests http://127.0.0.1:<port><path>. The entries of env come after the
// image's.
func taskOf(image v1.Image, port int, path string, env []string) (guest.Task, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return guest.Task{}, fmt.Errorf("reading the image's config: %w", err)
	}
	c := config.Config
	task := guest.Task{
		Args:       slices.Concat(c.Entrypoint, c.Cmd),
		Env:        slices.Concat(c.Env, env),
		WorkingDir: c.WorkingDir,
		User:       c.User,
		URL:        fmt.Sprintf("http://127.0.0.1:%d/%s", port, strings.TrimPrefix(path, "/")),
	}
	if len(task.Args) == 0 {
		return guest.Task{}, fmt.Errorf("the image has neither entrypoint nor command: there is nothing to run")
	}
	if task.WorkingDir == "" {
		task.WorkingDir = "/"
	}
	return task, nil
}
