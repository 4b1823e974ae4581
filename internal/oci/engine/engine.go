// Package engine brings images from OCI layouts into the Docker engine that
// the docker program talks to.
package engine

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/program"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// OtherPlatforms is the error of an OCI layout that has images, and none of them
// for the platform that is wanted.
type OtherPlatforms struct {
	Dir     string
	Offered []string // os/arch
	Want    targets.Target
}

func (e *OtherPlatforms) Error() string {
	return fmt.Sprintf("the OCI layout %s has images for %s, want %s", e.Dir, strings.Join(e.Offered, ", "), e.Want)
}

// Image opens the image of an OCI layout that runs on a platform. A layout
// with one manifest has only that to offer; its platform must still match.
func Image(dir string, platform targets.Target) (v1.Image, error) {
	index, err := oci.ReadIndex(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	var offered []string
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		got := config.OS + "/" + config.Architecture
		if got == platform.String() {
			return image, nil
		}
		offered = append(offered, got)
	}
	return nil, &OtherPlatforms{Dir: dir, Offered: offered, Want: platform}
}

// Load gives an image a tag in the engine. An engine that has this very image
// under the tag already is left alone.
func Load(ctx context.Context, log io.Writer, image v1.Image, tag string) error {
	id, err := image.ConfigName()
	if err != nil {
		return err
	}
	got, err := step.Output(ctx, nil, "docker", "image", "inspect", "--format", "{{.Id}}", tag)
	if err == nil && got == id.String() {
		return nil
	}
	return step.Do(log, "loading "+tag+" into the engine", func() error { return load(ctx, image, tag) })
}

func load(ctx context.Context, image v1.Image, tag string) error {
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

// Builder is the tag of the builder for a target in the engine.
func Builder(t targets.Target) string { return "armature/builder:" + t.Arch }

// RunImage is the reference of the run image that builders and app images
// carry in their metadata, and its tag in the engine.
func RunImage(t targets.Target) string { return "armature/run:" + t.Arch }
