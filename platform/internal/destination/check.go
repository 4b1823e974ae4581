//go:build linux

package destination

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Check checks, before there is an image, whether the image of a build for this
// many platforms can be written to the output: push permission in a registry, or
// whether a folder may be replaced.
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

// mayWrite returns an error if no folder or file can be put at the output's path:
// it holds something else, or the parent folder is unwritable.
func (o Output) mayWrite() error {
	if o.kind == tarKind {
		if err := wholefile.Replaceable(o.path); err != nil {
			return unwritable(o.path, err)
		}
	}
	if err := wholefile.Takes(filepath.Dir(filepath.Clean(o.path))); err != nil {
		return unwritable(o.path, err)
	}
	return nil
}

// answers returns an error if an engine cannot load images.
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

// KeepsAnnotations reports whether the output keeps annotations.
func (o Output) KeepsAnnotations() bool { return o.kind != tarKind && o.kind != dockerKind }
