package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/program"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// withArmature builds the app, runs it and sends it a request without a
// container engine.
func (s settings) withArmature(ctx context.Context, log io.Writer, work string) error {
	image := filepath.Join(work, "image")
	fmt.Fprintf(log, "  building %s for %s ...\n", s.app, s.platform)
	start := time.Now()
	err := step.Run(ctx, log, nil, s.armature, "build", s.app, "--tag", "armature-demo:"+s.platform.Arch, "--platform", s.platform.String(),
		"--builder", s.builder, "--run-image", s.runImage, "--output", "oci:"+image)
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	answer, err := s.callSandbox(ctx, log, image)
	if err != nil {
		return err
	}
	made, err := s.facts(image)
	if err != nil {
		return err
	}
	made.seconds, made.answer = seconds, answer
	return made.print(os.Stdout)
}

// callSandbox runs the image with armature, sends it one request and stops it.
func (s settings) callSandbox(ctx context.Context, log io.Writer, image string) (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	var printed strings.Builder
	cmd := exec.CommandContext(ctx, s.armature, "run", image, "--platform", s.platform.String(), "--port", fmt.Sprint(port))
	cmd.Stdout, cmd.Stderr = &printed, &printed
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	app, err := program.Start(cmd)
	if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { _, err := app.Wait(); ended <- err }()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	var answer string
	err = step.Do(log, "waiting for "+url, func() error {
		answer, err = askUntil(ctx, url, func() bool { return len(ended) == 0 })
		return err
	})
	cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	if err != nil {
		return "", fmt.Errorf("%w\nits log:\n%s", err, printed.String())
	}
	if answer != want {
		return "", fmt.Errorf("the app answered %q, want %q", answer, want)
	}
	return answer, nil
}

// freePort returns a port that is free now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// facts reads an image's facts from its OCI layout.
func (s settings) facts(dir string) (made, error) {
	image, err := oci.Image(dir, s.platform)
	if err != nil {
		return made{}, err
	}
	layers, err := image.Layers()
	if err != nil {
		return made{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return made{}, err
	}
	m := made{image: digest.String(), platform: s.platform.String(), layers: len(layers)}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			return m, err
		}
		size, err := io.Copy(io.Discard, content)
		if err := errors.Join(err, content.Close()); err != nil {
			return m, err
		}
		m.size += size
	}
	return m, nil
}
