//go:build linux

package output

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
)

// Check says, before there is an image, what would keep that of a build for so
// many platforms from going where it is to go: a registry is asked whether the
// tag may be written.
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
	}
	return nil
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
