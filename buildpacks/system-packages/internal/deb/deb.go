// Package deb reads Debian packages (deb(5)). The archive's signature vouches for
// what apt has downloaded; the limits here are for archives of other people.
package deb

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/armature-cnb/armature/internal/program"
)

const (
	maxControlFile  = 4 << 20 // bytes
	maxControlFiles = 100
)

// Control returns the control files of a package by name: "control", "postinst".
func Control(ctx context.Context, file string) (map[string]string, error) {
	all := map[string]string{}
	err := read(ctx, file, "--ctrl-tarfile", func(archive *tar.Reader) error {
		for {
			header, err := archive.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if header.Typeflag != tar.TypeReg {
				continue
			}
			if header.Size > maxControlFile || len(all) == maxControlFiles {
				return fmt.Errorf("its control file %s has %d bytes and is number %d, want at most %d bytes and %d files", header.Name, header.Size, len(all)+1, maxControlFile, maxControlFiles)
			}
			text, err := io.ReadAll(archive)
			if err != nil {
				return err
			}
			all[path.Base(header.Name)] = string(text)
		}
	})
	return all, err
}

// Files calls add with the files that a package installs.
func Files(ctx context.Context, file string, add func(*tar.Reader) error) error {
	return read(ctx, file, "--fsys-tarfile", add)
}

// read passes one of a package's two archives on. dpkg-deb decompresses it.
func read(ctx context.Context, file, which string, use func(*tar.Reader) error) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", which, file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Cancel = func() error { return program.Signal(cmd, syscall.SIGTERM) }
	from, to := io.Pipe()
	cmd.Stdout = to
	unpacker, err := program.Start(cmd)
	if err != nil {
		return fmt.Errorf("reading the package %s: %w", filepath.Base(file), err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := unpacker.Wait()
		if err != nil {
			err = fmt.Errorf("dpkg-deb: %w: %s", err, strings.TrimSpace(stderr.String()))
		}
		to.CloseWithError(err) // nil is the end of the archive
		done <- err
	}()
	useErr := use(tar.NewReader(from))
	if useErr == nil {
		_, useErr = io.Copy(io.Discard, from) // padding
	}
	from.CloseWithError(errStopped)
	if err := <-done; useErr == nil {
		useErr = err
	}
	if useErr != nil {
		return fmt.Errorf("reading the package %s: %w", filepath.Base(file), useErr)
	}
	return nil
}

var errStopped = errors.New("nobody reads any more")
