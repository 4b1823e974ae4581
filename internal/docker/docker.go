// Package docker brings images into the Docker engine that the docker program
// talks to.
package docker

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/program"
)

// Has reports whether the engine has exactly this image under a tag. Without an
// engine it is false.
func Has(ctx context.Context, image v1.Image, tag string) (bool, error) {
	id, err := image.ConfigName()
	if err != nil {
		return false, err
	}
	got, _, err := program.Output(ctx, nil, nil, "docker", "image", "inspect", "--format", "{{.Id}}", tag)
	return err == nil && got == id.String(), nil
}

// Load loads an image into the engine under a tag. To avoid loading it again,
// call [Has] first.
func Load(ctx context.Context, image v1.Image, tag string) error {
	ref, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "docker", "load", "--quiet")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	load, err := program.Start(cmd)
	if err != nil {
		return fmt.Errorf("starting docker load: %w", err)
	}
	writeErr := tarball.Write(ref, image, stdin)
	stdin.Close()
	if _, err := load.Wait(); err != nil {
		return fmt.Errorf("docker load: %w: %s", err, strings.TrimSpace(out.String()))
	}
	return writeErr
}
