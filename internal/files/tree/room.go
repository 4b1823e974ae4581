package tree

import (
	"os"
	"path/filepath"
)

// Room is where armature shows a build its app and its layers once more, as RoomApp
// and RoomLayers in one mount: nothing can be renamed from one to the other of the
// mounts that the lifecycle uses. Other platforms have no such folder.
const (
	Room       = "/platform/room"
	RoomApp    = "app"
	RoomLayers = "layers"
)

// room is Room, or a test's.
var room = Room

// InRoom returns the path of a folder in the room; ok is false if it has none.
func InRoom(folder string) (path string, ok bool) {
	for _, name := range []string{RoomApp, RoomLayers} {
		top, err := os.Lstat(filepath.Join(room, name))
		if err != nil {
			continue
		}
		for above := folder; ; above = filepath.Dir(above) {
			if info, err := os.Stat(above); err == nil && os.SameFile(info, top) {
				rel, err := filepath.Rel(above, folder)
				return filepath.Join(room, name, rel), err == nil
			}
			if above == filepath.Dir(above) {
				break
			}
		}
	}
	return "", false
}

// renameInRoom renames in the room, and reports whether that was possible.
func renameInRoom(from, to string) bool {
	fromFolder, ok := InRoom(filepath.Dir(from))
	if !ok {
		return false
	}
	toFolder, ok := InRoom(filepath.Dir(to))
	return ok && os.Rename(filepath.Join(fromFolder, filepath.Base(from)), filepath.Join(toFolder, filepath.Base(to))) == nil
}
