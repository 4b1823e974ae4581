//go:build linux

package platform

import (
	"context"
	"io"
	"maps"
	"syscall"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/launch"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// RunRequest says which image to run, and how. Only Image has no good zero value.
type RunRequest struct {
	Image  string // one that a build left in Home, an OCI layout's folder, or a reference
	Target Target // which of the image's; the only one, or this machine's, when zero

	Args       []string          // for the image's process, in place of its own
	Entrypoint string            // in place of the image's: a process type, or a program's path
	Env        map[string]string // besides the image's own
	Volumes    []string          // HOST:PATH or HOST:PATH:ro, as container engines take them
	Tmpfs      []string          // paths of empty folders in memory, for everybody to write to
	Network    Network           // HostNetwork when empty
	Limits     Limits            // of each program; none when zero

	// Stdout and Stderr get what the image prints; nil discards it. Its standard input
	// is this process's.
	Stdout, Stderr io.Writer

	// Signals are passed on to the image. One that comes before there is anything to
	// pass it to is what ended the image.
	Signals <-chan syscall.Signal

	// Started, when it is not nil, is called when all that can fail before the image
	// has been done: from then on ctx, which may be done by then, kills the image.
	Started func()

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Sandbox    Way    // the first that works when empty
	Registries Registries
	Getenv     func(string) string // variables of this process's environment; nil has none
}

// RunResult is how an image ended.
type RunResult struct {
	Image  Pinned // that ran
	Code   int    // exit status; 0 when a signal ended it
	Signal int    // that ended it, or 0
}

// Run runs an image in a sandbox, and returns when it has ended. When ctx is done
// the image is killed, and that is the error.
func Run(ctx context.Context, r RunRequest) (result RunResult, err error) {
	defer explain(&err)
	if err := checkNetwork(r.Network); err != nil {
		return result, err
	}
	options := launch.Options{Args: r.Args, Entrypoint: r.Entrypoint, Env: map[string]string{}, Network: sandbox.Network(r.Network), Limits: sandbox.Limits(r.Limits), Stdout: r.Stdout, Stderr: r.Stderr}
	maps.Copy(options.Env, r.Env)
	if options.Mounts, err = r.mounts(); err != nil {
		return result, err
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

// mounts are those of Volumes and Tmpfs.
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
