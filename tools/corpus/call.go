package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

// callTime is how long an app may take to answer: emulated, the start of a framework
// takes many seconds.
const callTime = 5 * time.Minute

// call runs an image for a target, and asks it until it answers as its row of
// apps.toml says.
func (s settings) call(ctx context.Context, log io.Writer, image, platform string, a app) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	cmd := s.command(ctx, "run", image, "--platform", platform, "--port", fmt.Sprint(port))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	running, err := program.Start(cmd)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { _, err := running.Wait(); ended <- err }()
	ctx, stop := context.WithTimeout(ctx, callTime)
	defer stop()
	err = ask(ctx, fmt.Sprintf("http://127.0.0.1:%d%s", port, a.Path), a.Answer, func() bool { return len(ended) == 0 })
	if signalled := cmd.Process.Signal(syscall.SIGTERM); err == nil && signalled != nil {
		err = fmt.Errorf("the image ended after its answer: %w", signalled)
	}
	<-ended
	return err
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

// ask asks until there is an answer with status 200, which must have a text.
func ask(ctx context.Context, url, want string, runs func() bool) error {
	for {
		body, err := get(ctx, url)
		if err == nil && !strings.Contains(body, want) {
			return fmt.Errorf("%s: got the answer %.300q, want one with %q", url, body, want)
		}
		if err == nil {
			return nil
		}
		if !runs() {
			return fmt.Errorf("the image ended without an answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer within %s: %w", callTime, err)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// get returns the body of an answer with status 200.
func get(ctx context.Context, url string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("got status %s: %.300s", response.Status, body)
	}
	return string(body), err
}
