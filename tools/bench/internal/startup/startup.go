// Package startup measures the time from an image's start to its first answer.
package startup

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

// timeout is how long an app may take to answer.
const timeout = 30 * time.Second

// pause is the wait between two attempts to reach the app.
const pause = time.Millisecond

// Answer starts an image with armature, returns the seconds to the end of its
// first answer, and stops the app. The command, if any, replaces the image's
// process.
func Answer(ctx context.Context, armature, home, image string, command ...string) (float64, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	args := []string{"run", image, "--cache-dir", home, "--port", strconv.Itoa(port)}
	if len(command) > 0 {
		args = append(append(args, "--entrypoint", command[0], "--"), command[1:]...)
	}
	var said strings.Builder
	cmd := exec.CommandContext(ctx, armature, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = timeout
	start := time.Now()
	app, err := program.Start(cmd)
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { _, err := app.Wait(); ended <- err }()
	err = ask(ctx, "http://127.0.0.1:"+strconv.Itoa(port), ended)
	took := time.Since(start).Seconds()
	cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	if err != nil {
		return 0, fmt.Errorf("%w\narmature %s said:\n%s", err, strings.Join(args, " "), said.String())
	}
	return took, nil
}

// ask retries until the app answers or ends.
func ask(ctx context.Context, url string, ended chan error) error {
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(timeout); ; time.Sleep(pause) {
		response, err := client.Get(url)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("got status %s from %s, want 200", response.Status, url)
			}
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(ended) > 0 || time.Now().After(deadline) {
			return fmt.Errorf("the app did not answer: %w", err)
		}
	}
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
