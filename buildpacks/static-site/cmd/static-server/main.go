// Command static-server serves the folder of a site, which the buildpack made, as
// the first process of a container.
//
//	static-server FOLDER
//
// It listens on $PORT, 8080 by default, and answers a GET of
// $BPL_STATIC_HEALTH_PATH, /healthz by default, with 200. With
// BPL_STATIC_ACCESS_LOG=true it writes a line to stdout for each request.
//
// SIGTERM and SIGINT end it: it takes no further connections, finishes its answers
// within eight seconds, and ends with 0, or with 1 if some were left. The status
// is 64 for a wrong argument or variable, and 1 if it cannot listen or the folder
// is none of the buildpack's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

// Variables of the container.
const (
	portVariable   = "PORT"
	healthVariable = "BPL_STATIC_HEALTH_PATH"
	logVariable    = "BPL_STATIC_ACCESS_LOG"
)

const (
	defaultPort   = "8080"
	defaultHealth = "/healthz"
)

// patience is how long requests may take after a signal. Docker kills a container
// ten seconds after it.
const patience = 8 * time.Second

// Exit statuses, but for 0.
const (
	statusFailed = 1
	statusUsage  = 64
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	status := run(ctx, os.Args[1:], environ.List(os.Environ()), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run serves until the context ends.
func run(ctx context.Context, args []string, env environ.List, stdout, stderr io.Writer) int {
	port, options, err := settings(env, stdout)
	if err == nil && len(args) != 1 {
		err = fmt.Errorf("got %d arguments, want the folder of a site", len(args))
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return statusUsage
	}
	if err := serve(ctx, args[0], port, options, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return statusFailed
	}
	return 0
}

// settings reads the variables.
func settings(env environ.List, stdout io.Writer) (port string, o server.Options, err error) {
	port, o.HealthPath = defaultPort, defaultHealth
	if text := env.Get(portVariable); text != "" {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			return "", o, invalid(portVariable, text, "a number from 1 to 65535")
		}
		port = text
	}
	if text, set := env.Lookup(healthVariable); set {
		if text != "" && !strings.HasPrefix(text, "/") {
			return "", o, invalid(healthVariable, text, "a path that begins with a slash, or nothing for none")
		}
		o.HealthPath = text
	}
	if text := env.Get(logVariable); text != "" {
		log, err := strconv.ParseBool(text)
		if err != nil {
			return "", o, invalid(logVariable, text, "true or false")
		}
		if log {
			o.AccessLog = stdout
		}
	}
	return port, o, nil
}

func invalid(name, got, want string) error {
	return &failure.Failure{
		ID:     "static-server-setting-invalid",
		Cause:  fmt.Sprintf("%s is %q, want %s", name, got, want),
		Remedy: fmt.Sprintf("give the container another value of %s, or leave it unset.", name),
	}
}

// serve listens and answers until the context ends.
func serve(ctx context.Context, folder, port string, options server.Options, stderr io.Writer) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("opening the site: %w", err)
	}
	defer root.Close()
	site, err := server.New(root, options)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return portUnusable(port, err)
	}
	fmt.Fprintf(stderr, "static-server: serving the site on port %s\n", port)
	web := site.HTTP()
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(server.Bound(listener, server.WriteTimeout)) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := web.ShutdownWithContext(bounded); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("static-server: some requests took more than %s to end", patience)
	} else if err != nil {
		return fmt.Errorf("ending: %w", err)
	}
	return nil
}

func portUnusable(port string, err error) error {
	remedy := fmt.Sprintf("give the container another %s.", portVariable)
	if errors.Is(err, syscall.EACCES) {
		remedy = fmt.Sprintf("give the container a %s above 1023: the app's user may use no other.", portVariable)
	}
	return &failure.Failure{
		ID:     "static-server-port-unusable",
		Cause:  fmt.Sprintf("the server cannot listen on port %s", port),
		Remedy: remedy,
		Err:    err,
	}
}
