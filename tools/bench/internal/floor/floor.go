// Package floor does the minimal work of any build of a Node.js app,
// sequentially and without overhead, as a baseline.
package floor

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/archives"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
)

// Floor is the least work for an app and a target.
type Floor struct {
	App     string // folder with package.json and its lockfile
	Archive archives.Set
	Node    hostnode.Node // runs npm
	Host    targets.Target
	Target  targets.Target
	Work    string // a folder to work in
}

// Run unpacks Node.js for the target and, if different, for the host, with npm;
// installs the app's production dependencies with an empty cache; and hashes
// and compresses the content of an image once. It returns the seconds of each.
func (f Floor) Run(ctx context.Context) ([]history.Part, error) {
	work, err := os.MkdirTemp(f.Work, "floor-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	var parts []history.Part
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"unpacking Node.js", func() error { return f.unpack(ctx, work) }},
		{"npm ci", func() error { return f.install(ctx, work) }},
		{"hashing and compressing", func() error { return compress(filepath.Join(work, "image"), filepath.Join(work, "layer")) }},
	} {
		start := time.Now()
		if err := step.do(); err != nil {
			return nil, err
		}
		parts = append(parts, history.Part{Name: step.name, Value: time.Since(start).Seconds()})
	}
	return parts, nil
}

func (f Floor) unpack(ctx context.Context, work string) error {
	if err := f.Archive.UnpackNode(ctx, f.Target, archives.With{}, filepath.Join(work, "image/node")); err != nil {
		return err
	}
	return f.Archive.UnpackNode(ctx, f.Host, archives.With{NPM: true}, filepath.Join(work, "host"))
}

func (f Floor) install(ctx context.Context, work string) error {
	app := filepath.Join(work, "image/app")
	if err := os.CopyFS(app, os.DirFS(f.App)); err != nil {
		return err
	}
	return f.Node.NPM(ctx, app, filepath.Join(work, "cache"), "ci", "--omit=dev", "--ignore-scripts",
		"--os="+f.Target.OS, "--cpu="+f.Target.Node(), "--libc=glibc")
}

// compress writes a folder as a gzipped tar, hashed before and after, as an
// image's layer is. The compression level is the lifecycle's.
func compress(dir, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zip, err := gzip.NewWriterLevel(io.MultiWriter(file, sha256.New()), gzip.BestSpeed)
	if err != nil {
		return err
	}
	entries := tar.NewWriter(io.MultiWriter(zip, sha256.New()))
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return add(entries, dir, path, entry)
	})
	return errors.Join(err, entries.Close(), zip.Close())
}

func add(entries *tar.Writer, dir, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	if header.Name, err = filepath.Rel(dir, path); err != nil {
		return err
	}
	if err := entries.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(entries, file)
	return err
}
