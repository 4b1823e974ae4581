//go:build linux

package launch

import (
	"context"
	"errors"
	"os"

	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// startWritable starts a sandbox whose files can be written to: over the image's
// own, or where the kernel cannot do that, in a copy of them.
func (o Options) startWritable(ctx context.Context, work *home.Work, spec sandbox.Spec) (*sandbox.Sandbox, error) {
	if o.Way == sandbox.Chroot { // it has a copy already
		return sandbox.Start(ctx, spec)
	}
	over := spec
	for _, folder := range []struct {
		name string
		path *string
	}{{"upper", &over.Over.Upper}, {"overlay", &over.Over.Work}} {
		path, err := work.Folder(folder.name, 0o755)
		if err != nil {
			return nil, err
		}
		*folder.path = path
	}
	box, err := sandbox.Start(ctx, over)
	var step *sandbox.Error
	if !errors.As(err, &step) || step.Kind != sandbox.Overlaying {
		return box, err
	}
	copied, err := work.Folder("root", 0o755)
	if err != nil {
		return nil, err
	}
	user, group := spec.User, spec.Group
	if o.Way.OneID() { // that user's files are this user's
		user, group = os.Geteuid(), os.Getegid()
	}
	if err := rootfs.Clone(spec.Root, copied, user, group); err != nil {
		return nil, err
	}
	spec.Root, spec.Writable = copied, true
	return sandbox.Start(ctx, spec)
}
