// Package archives unpacks a builder's Node.js archives with the least work:
// for the benchmark's floor, and for its own Node.js.
package archives

import (
	"archive/tar"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
)

// Set has the archives of a folder: paths of gzipped tars.
type Set struct {
	Node map[targets.Target]string
	NPM  string // a separate archive of npm; empty if Node's archive has it
}

const (
	nodeProgram = "bin/node"
	npmProgram  = "bin/npm-cli.js"
	npmInNode   = "lib/node_modules/npm/"
)

// Find identifies the archives of a folder, named <algorithm>-<digest>, by
// their content.
func Find(dir string) (Set, error) {
	set := Set{Node: map[targets.Target]string{}}
	paths, err := filepath.Glob(filepath.Join(dir, "sha*-*"))
	if err != nil {
		return set, err
	}
	for _, path := range paths {
		if err := set.add(path); err != nil {
			return set, fmt.Errorf("looking into %s: %w", path, err)
		}
	}
	for _, to := range targets.All() {
		if set.Node[to] == "" {
			return set, fmt.Errorf("%s has no archive of Node.js for %s: want a folder that tools/archives made for one line and both targets", dir, to)
		}
	}
	return set, nil
}

var errKnown = errors.New("known")

func (s *Set) add(path string) error {
	err := each(path, nil, func(name string, header *tar.Header, content io.Reader) error {
		switch name {
		case nodeProgram:
			to, err := platform(content)
			if err != nil {
				return err
			}
			if other := s.Node[to]; other != "" {
				return fmt.Errorf("%s is for %s, too: want one line's archives", other, to)
			}
			s.Node[to] = path
		case npmProgram:
			s.NPM = path
		default:
			return nil
		}
		return errKnown
	})
	if errors.Is(err, errKnown) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("got neither %s nor %s in it", nodeProgram, npmProgram)
	}
	return err
}

// platform reads a program's machine type.
func platform(content io.Reader) (targets.Target, error) {
	head := make([]byte, 20)
	if _, err := io.ReadFull(content, head); err != nil {
		return targets.Target{}, err
	}
	machine := elf.Machine(uint16(head[18]) | uint16(head[19])<<8)
	for _, to := range targets.All() {
		if to.ELF() == machine {
			return to, nil
		}
	}
	return targets.Target{}, fmt.Errorf("got a program for %s", machine)
}

// With says what to unpack in addition to Node.js.
type With struct {
	NPM     bool // into npm/
	Headers bool // into include/, to compile native modules with
}

// UnpackNode unpacks bin/node and LICENSE of a target's archive into dir, and
// the parts in With. It verifies every archive's checksum.
func (s Set) UnpackNode(ctx context.Context, to targets.Target, with With, dir string) error {
	err := s.unpack(ctx, s.Node[to], dir, func(name string) string {
		if rest, found := strings.CutPrefix(name, npmInNode); found && with.NPM {
			return filepath.Join("npm", rest)
		}
		if with.Headers && strings.HasPrefix(name, "include/") {
			return name
		}
		if name == nodeProgram || name == "LICENSE" {
			return name
		}
		return ""
	})
	if err != nil || !with.NPM || s.NPM == "" {
		return err
	}
	return s.unpack(ctx, s.NPM, dir, func(name string) string { return filepath.Join("npm", name) })
}

// unpack unpacks the files for which place returns a path to dir, and verifies
// the archive.
func (s Set) unpack(ctx context.Context, path, dir string, place func(name string) string) error {
	algorithm, digest, _ := strings.Cut(filepath.Base(path), "-")
	want, err := checksum.Parse(algorithm + ":" + digest)
	if err != nil {
		return err
	}
	sum := want.New()
	err = each(path, sum, func(name string, header *tar.Header, content io.Reader) error {
		to := place(name)
		if to == "" || header.Typeflag != tar.TypeReg {
			return ctx.Err()
		}
		if !filepath.IsLocal(to) {
			return fmt.Errorf("%s leads out of the archive", name)
		}
		return write(filepath.Join(dir, to), header.FileInfo().Mode(), content)
	})
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", path, err)
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != want.Hex {
		return fmt.Errorf("unpacking %s: got the digest %s, want %s", path, got, want.Hex)
	}
	return nil
}

func write(path string, mode os.FileMode, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// each calls do for every entry, with its name without the archive's first
// folder, and hashes the archive with sum, unless it is nil.
func each(path string, sum hash.Hash, do func(name string, header *tar.Header, content io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	bytes := io.Reader(file)
	if sum != nil {
		bytes = io.TeeReader(file, sum)
	}
	unzipped, err := gzip.NewReader(bytes)
	if err != nil {
		return err
	}
	for entries := tar.NewReader(unzipped); ; {
		header, err := entries.Next()
		if err == io.EOF {
			_, err := io.Copy(io.Discard, bytes) // bytes after the gzip stream
			return err
		}
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(header.Name, "/")
		if err := do(name, header, entries); err != nil {
			return err
		}
	}
}
