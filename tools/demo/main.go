// Command demo builds the Express test app into an image for one platform, runs
// it, sends it a request and prints the results: with armature alone, or with
// pack and a Docker engine.
//
//	demo -engine armature -platform linux/arm64 -builder build/builder/… -run-image build/stack/run-arm64 -app integration/testdata/express
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/hostca"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/internal/engine"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("demo", run) }

type settings struct {
	platform targets.Target
	host     targets.Target
	builder  string // OCI layout
	runImage string // OCI layout
	app      string // source folder
	engine   string // armature or docker
	armature string // the armature program
	pack     string // the pack program

	buildOnly bool // keep the image and do not run it
}

func run(ctx context.Context, args []string, log io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "armature-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if s.engine == "armature" {
		return s.withArmature(ctx, log, work)
	}
	return s.withDocker(ctx, log, work)
}

// withDocker builds with pack, and runs and calls the app in a container.
func (s settings) withDocker(ctx context.Context, log io.Writer, work string) error {
	if err := s.load(ctx, log); err != nil {
		return err
	}
	image := "armature-demo:" + s.platform.Arch
	seconds, err := s.build(ctx, log, work, image)
	if err != nil {
		return err
	}
	if s.buildOnly {
		return nil
	}
	answer, err := call(ctx, log, image, s.platform)
	if err != nil {
		return err
	}
	made, err := ofEngine(ctx, image)
	if err != nil {
		return err
	}
	made.seconds, made.answer = seconds, answer
	return made.print(os.Stdout)
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	platformText := flags.String("platform", "linux/arm64", "where the image is to run")
	flags.StringVar(&s.builder, "builder", "", "OCI layout of the builder")
	flags.StringVar(&s.runImage, "run-image", "", "OCI layout of the run image")
	flags.StringVar(&s.app, "app", "integration/testdata/express", "the app's source folder")
	flags.StringVar(&s.engine, "engine", "armature", "what to build and run with: armature or docker")
	flags.StringVar(&s.armature, "armature", "bin/armature", "the armature program")
	flags.StringVar(&s.pack, "pack", "pack", "the pack program")
	flags.BoolVar(&s.buildOnly, "build-only", false, "with docker: build the image and do not run it")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.builder == "" || s.runImage == "" {
		return s, errors.New("want -builder and -run-image")
	}
	if s.engine != "armature" && s.engine != "docker" {
		return s, fmt.Errorf("-engine is %q, want armature or docker", s.engine)
	}
	var err error
	if s.platform, err = targets.Parse(*platformText); err != nil {
		return s, err
	}
	s.host, err = targets.Host()
	return s, err
}

// load loads builder and run image into the engine.
func (s settings) load(ctx context.Context, log io.Writer) error {
	for _, one := range []struct {
		layout   string
		platform targets.Target
		tag      string
	}{
		{s.runImage, s.platform, engine.RunImage(s.platform)},
		{s.builder, s.host, engine.Builder(s.platform)},
	} {
		image, err := oci.Image(one.layout, one.platform)
		if err != nil {
			return err
		}
		if err := engine.Load(ctx, log, image, one.tag); err != nil {
			return err
		}
	}
	return nil
}

// build runs pack and returns the seconds it took.
func (s settings) build(ctx context.Context, log io.Writer, work, image string) (float64, error) {
	args := []string{"build", image, "--path", s.app, "--builder", engine.Builder(s.platform),
		"--pull-policy", "never", "--trust-builder"}
	binding, err := hostca.Binding(hostca.Added, work, os.Getenv)
	if err != nil {
		return 0, err
	}
	if binding != "" {
		fmt.Fprintln(log, "  this machine trusts certificate authorities of its own: the build gets them as a ca-certificates binding")
		args = append(args, "--volume", binding+":/platform/bindings/"+filepath.Base(binding)+":ro")
	}
	fmt.Fprintf(log, "  building %s for %s ...\n", s.app, s.platform)
	start := time.Now()
	err = step.Run(ctx, log, nil, s.pack, args...)
	return time.Since(start).Seconds(), err
}
