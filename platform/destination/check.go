//go:build linux

package destination

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/staging"
)

// Check says, before there is an image, what would keep that of a build for so
// many platforms from going where it is to go: a registry is asked whether the
// tag may be written, a folder whether it may be replaced.
func (o Output) Check(ctx context.Context, tag name.Tag, platforms int) error {
	engines := o.kind == tarKind || o.kind == dockerKind
	switch {
	case engines && platforms > 1:
		return onePlatform("the output " + o.kind + " takes one platform, and there are several")
	case engines && len(o.Annotations) > 0:
		return &failure.Failure{ID: "output-no-annotations", Cause: "the output " + o.kind + " keeps no manifest, and so no annotations", Remedy: "leave --annotation out, or use --output registry or oci:DIR."}
	case o.kind == dockerKind:
		return answers(ctx)
	case o.kind == registryKind:
		return o.Registries.MayPush(ctx, tag.String())
	case o.kind == layoutKind:
		if err := occupied(o.path); err != nil {
			return err
		}
		return o.mayWrite()
	case o.kind == tarKind:
		return o.mayWrite()
	}
	return nil
}

// mayWrite says what keeps a folder or file from being put at the output's path:
// an archive's has something else, or the folder around it takes nothing.
func (o Output) mayWrite() error {
	if o.kind == tarKind {
		if err := Replaceable(o.path); err != nil {
			return unwritable(o.path, err)
		}
	}
	if err := Takes(filepath.Dir(filepath.Clean(o.path))); err != nil {
		return unwritable(o.path, err)
	}
	return nil
}

// Replaceable says what keeps this user from putting a file in the place of what
// is at a path: a folder, a device or a pipe, which a file would take the place
// of, or a file that may not be written to. Nothing there is no error.
func Replaceable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder, want a file", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is a device, a pipe or a socket, want a file", path)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// Takes says what keeps this user from making something in a folder, or in what
// is there of the folders above it.
func Takes(folder string) error {
	for {
		info, err := os.Stat(folder)
		switch parent := filepath.Dir(folder); {
		case errors.Is(err, fs.ErrNotExist) && parent != folder:
			folder = parent
			continue
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a folder", folder)
		}
		return takes(folder)
	}
}

// takes tries to make something in a folder: of /proc and of a disk that is
// read-only, permissions say nothing.
func takes(folder string) error {
	dir, err := os.MkdirTemp(folder, staging.Mark+"*")
	var why *fs.PathError
	if errors.As(err, &why) {
		return &fs.PathError{Op: "writing to", Path: folder, Err: why.Err}
	}
	if err != nil {
		return err
	}
	return os.Remove(dir)
}

// answers says whether an engine would load an image.
func answers(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if said := strings.TrimSpace(string(out)); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return &failure.Failure{ID: "docker-unreachable", Cause: "asking for a Docker engine", Err: err, Remedy: "start one that this user may use, or use another --output."}
}

// KeepsAnnotations says whether an image there has annotations.
func (o Output) KeepsAnnotations() bool { return o.kind != tarKind && o.kind != dockerKind }
