//go:build linux

package phases

import (
	"fmt"
	"os"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// The folders of a build's app and of its layers in its work folder.
const (
	roomFolder   = "room"
	appFolder    = roomFolder + "/" + tree.RoomApp
	layersFolder = roomFolder + "/" + tree.RoomLayers
)

// shareRoom shows the build its app and its layers once more, in one mount, so that
// buildpacks can move folders from one to the other (see [tree.Room]). A chroot has
// one mount anyway, and moves both.
func (b *Build) shareRoom(spec *sandbox.Spec) error {
	mode := os.FileMode(0o555) // a build changes only what is in the two folders
	if b.Way == sandbox.Chroot {
		mode = 0o700 // as of every folder whose content is moved into it
	} else {
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: b.work.Path(roomFolder), Target: tree.Room, Writable: true})
	}
	return os.Chmod(b.work.Path(roomFolder), mode)
}

// openLayers opens the build's layers. Where the build has this process's user, its
// programs can change the room all the same: a link that they put there leads to
// nothing else.
func (b *Build) openLayers() (*os.Root, error) {
	room, err := os.OpenRoot(b.work.Path(roomFolder))
	if err != nil {
		return nil, err
	}
	defer room.Close()
	layers, err := room.OpenRoot(tree.RoomLayers)
	if err != nil {
		return nil, fmt.Errorf("opening the build's layers: %w", err)
	}
	return layers, nil
}
