// Package builds runs armature and measures its phases.
package builds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/program"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// Armature is the program and its arguments.
type Armature struct {
	Program string
	Builder string // folder of builders, from make builder
	Homes   string // folder for its own folders
}

// Home is a cache folder of armature.
type Home struct{ Dir string }

// rootsFolder is the subfolder of unpacked builders.
const rootsFolder = "roots"

// Home makes a home. It has only the caches of its own builds, except for the
// unpacked builders, which [Armature.Lend] moves from home to home.
func (a Armature) Home(name string) (Home, error) {
	dir := filepath.Join(a.Homes, name)
	return Home{Dir: dir}, os.MkdirAll(dir, 0o755)
}

// Lend moves the unpacked builders into a home, from the last one.
func (a Armature) Lend(to Home) error {
	own := filepath.Join(to.Dir, rootsFolder)
	all, err := filepath.Glob(filepath.Join(a.Homes, "*", rootsFolder))
	if err != nil {
		return err
	}
	for _, roots := range all {
		entries, err := os.ReadDir(roots)
		if err != nil {
			return err
		}
		if roots == own || len(entries) == 0 {
			continue
		}
		if err := os.Remove(own); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("two homes have unpacked builders: %w", err)
		}
		return os.Rename(roots, own)
	}
	return nil
}

// Forget removes everything but the unpacked builders.
func (h Home) Forget() error {
	entries, err := os.ReadDir(h.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == rootsFolder {
			continue
		}
		if err := os.RemoveAll(filepath.Join(h.Dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Build has the arguments of armature build.
type Build struct {
	App      string // folder
	Tag      string
	Platform string // one or several, comma-separated
	Home     Home
	Output   string // as for --output; armature's own folder if empty
	More     []string
}

// Run makes the image and returns the seconds of each phase; the phase
// "building" is split by buildpack.
func (a Armature) Run(ctx context.Context, b Build) ([]history.Part, error) {
	if err := a.Lend(b.Home); err != nil {
		return nil, err
	}
	args := []string{"build", b.App, "--tag", b.Tag, "--builder", a.Builder, "--cache-dir", b.Home.Dir, "--progress", "json"}
	if b.Platform != "" {
		args = append(args, "--platform", b.Platform)
	}
	if b.Output != "" {
		args = append(args, "--output", b.Output)
	}
	cmd := exec.CommandContext(ctx, a.Program, append(args, b.More...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	said, writer := io.Pipe()
	cmd.Stderr = writer
	build, err := program.Start(cmd)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := build.Wait()
		writer.Close()
		ended <- err
	}()
	var all bytes.Buffer
	parts, readErr := phases(io.TeeReader(said, &all))
	io.Copy(io.Discard, said) // or armature would block on the pipe
	if err := <-ended; err != nil {
		return nil, fmt.Errorf("armature %s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, tail(all.String(), 15))
	}
	return parts, readErr
}

// tail returns the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
