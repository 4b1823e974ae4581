//go:build linux

package platform

import (
	"context"
	"io"
	"maps"
	"path/filepath"
	"syscall"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/launch"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// RunRequest says which image to run, and how. Image is required.
type RunRequest struct {
	Image  string // an image in Home, an OCI layout's folder, or a reference
	Target Target // the platform; the only one, or this machine's, when zero

	Args       []string          // replace the arguments of the image's process
	Entrypoint string            // replaces the image's: a process type, or a program's path
	Env        map[string]string // added to the image's
	Volumes    []string          // HOST:PATH or HOST:PATH:ro, as container engines take them
	App        string            // folder in place of the image's /workspace, to be written to; the node_modules remain the image's
	Tmpfs      []string          // paths of empty tmpfs mounts that everybody may write to
	Writable   bool              // the image's files can be written to; what is written is gone afterwards
	Network    Network           // HostNetwork when empty
	Limits     Limits            // for each program; none when zero

	// Stdout and Stderr receive the image's output; nil discards it. Standard input
	// is this process's.
	Stdout, Stderr io.Writer

	// Signals are passed on to the image. A signal before the image has started
	// ends Run as if the image had died of it.
	Signals <-chan syscall.Signal

	// Started, if not nil, is called when everything that can fail before the start
	// is done. From then on cancelling ctx kills the image.
	Started func()

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Sandbox    Way    // the first that works if empty
	Registries Registries
	Getenv     func(string) string // looks up an environment variable; nil has none
}

// RunResult is how an image's process ended.
type RunResult struct {
	Image  Pinned // the image that ran
	Code   int    // exit status; 0 after a signal
	Signal int    // the signal that ended it, or 0
}

// Run runs an image in a sandbox and waits for its end. Cancelling ctx kills the
// image, and Run returns the error of ctx.
func Run(ctx context.Context, r RunRequest) (result RunResult, err error) {
	defer explain(&err)
	if err := checkNetwork(r.Network); err != nil {
		return result, err
	}
	options := launch.Options{Args: r.Args, Entrypoint: r.Entrypoint, Env: map[string]string{}, Writable: r.Writable, Network: sandbox.Network(r.Network), Limits: sandbox.Limits(r.Limits), Stdout: r.Stdout, Stderr: r.Stderr}
	maps.Copy(options.Env, r.Env)
	if options.Mounts, err = r.mounts(); err != nil {
		return result, err
	}
	if r.App != "" {
		if options.App, err = filepath.Abs(r.App); err != nil {
			return result, err
		}
	}
	if options.Home, err = home.Open(r.Home, environment(r.Getenv)); err != nil {
		return result, err
	}
	defer options.Home.Finish()
	if options.Image, options.Called, err = findImage(ctx, r.Registries.all(), options.Home, r.Image, r.Target); err != nil {
		return result, err
	}
	digest, err := options.Image.Digest()
	if err != nil {
		return result, err
	}
	result.Image = Pinned{options.Called, digest.String()}
	if options.Way, err = findWay(ctx, r.Sandbox, options.Home); err != nil {
		return result, err
	}
	if r.Started != nil {
		r.Started()
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	status, err := launch.Run(ctx, options, r.Signals)
	result.Code, result.Signal = status.Code, status.Signal
	return result, err
}

// mounts returns the mounts of Volumes and Tmpfs.
func (r RunRequest) mounts() (mounts []launch.Mount, err error) {
	for _, text := range r.Volumes {
		m, err := launch.ParseVolume(text)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	for _, text := range r.Tmpfs {
		m, err := launch.ParseTmpfs(text)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}
