// Package startup measures how long an image takes to its first answer.
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

// patience is how long an app may take.
const patience = 30 * time.Second

// pause is between two tries to reach the app.
const pause = time.Millisecond

// Answer starts an image with armature and returns the seconds from then to
// the end of its first answer; it ends the app again. The arguments, if there
// are any, are the command to run instead of the image's own process.
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
	cmd.WaitDelay = patience
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

// ask tries until there is an answer or nothing that could give one.
func ask(ctx context.Context, url string, ended chan error) error {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(patience); ; time.Sleep(pause) {
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

// freePort is one that nobody listens on now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
