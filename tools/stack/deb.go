package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

// deb is a package file.
type deb struct {
	path    string
	name    string
	version string
	arch    string    // "arm64", "amd64" or "all"
	control []byte    // the package's control stanza
	made    time.Time // when Debian built it, from the package itself; the same for every mirror
	only    []string  // paths to include; all if empty
}

// readDebs returns the packages in a folder, base-files first, since it sets
// the modes of folders, and then by name. Every selected package must exist.
func readDebs(ctx context.Context, dir string, want selection) ([]deb, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return nil, err
	}
	var debs []deb
	for _, path := range paths {
		d, err := readDeb(ctx, path)
		if err != nil {
			return nil, err
		}
		if !want.without[d.name] {
			d.only = want.only[d.name]
			debs = append(debs, d)
		}
	}
	for _, name := range want.names {
		if !slices.ContainsFunc(debs, func(d deb) bool { return d.name == name }) {
			return nil, fmt.Errorf("package %s was not downloaded", name)
		}
	}
	slices.SortFunc(debs, func(a, b deb) int {
		if aFirst, bFirst := a.name == "base-files", b.name == "base-files"; aFirst != bFirst {
			if aFirst {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	return debs, nil
}

func readDeb(ctx context.Context, path string) (deb, error) {
	d := deb{path: path}
	err := d.tar(ctx, "--ctrl-tarfile", func(r io.Reader) error {
		for archive := tar.NewReader(r); ; {
			header, err := archive.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if clean(header.Name) == "control" {
				if d.control, err = io.ReadAll(archive); err != nil {
					return err
				}
				d.made = header.ModTime
			}
		}
	})
	if err != nil {
		return deb{}, err
	}
	d.name, d.version, d.arch = field(d.control, "Package"), field(d.control, "Version"), field(d.control, "Architecture")
	if d.name == "" || d.version == "" || d.arch == "" {
		return deb{}, fmt.Errorf("reading %s: got name %q, version %q and architecture %q, want none of them empty", filepath.Base(path), d.name, d.version, d.arch)
	}
	return d, nil
}

// tar calls read with one of the two archives in a package: its control files
// ("--ctrl-tarfile") or the files that it installs ("--fsys-tarfile").
func (d deb) tar(ctx context.Context, which string, read func(io.Reader) error) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", which, d.path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	unpacker, err := program.Start(cmd)
	if err != nil {
		return err
	}
	readErr := read(stdout)
	if readErr == nil {
		// The rest is padding; without reading it, dpkg-deb would fail with a
		// closed pipe.
		_, readErr = io.Copy(io.Discard, stdout)
	}
	stdout.Close()
	if _, err := unpacker.Wait(); err != nil && (readErr == nil || stderr.Len() > 0) {
		return fmt.Errorf("reading %s: dpkg-deb %s: %w: %s", filepath.Base(d.path), which, err, strings.TrimSpace(stderr.String()))
	}
	if readErr != nil {
		return fmt.Errorf("reading %s: %w", filepath.Base(d.path), readErr)
	}
	return nil
}

// field returns a one-line field of a control stanza, "" when there is none.
func field(control []byte, name string) string {
	for line := range strings.Lines(string(control)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
