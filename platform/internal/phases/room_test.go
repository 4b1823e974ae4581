//go:build linux

package phases

import (
	"os"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Folders get from the app into the layers without a copy, and what makes that
// possible shows a build nothing else.
func TestTheAppAndTheLayersAreInOneMount(t *testing.T) {
	t.Parallel()
	for _, way := range sandbox.Ways() {
		t.Run(string(way), func(t *testing.T) {
			s := newSite(t, plain)
			if err := sandbox.Try(t.Context(), way, s.home.Dir); err != nil {
				t.Skip("this machine cannot: ", err)
			}
			s.way = way
			b, _ := made(t, s.options())
			c := b.call(t)
			if !c.Renamed {
				t.Error("a folder was copied from the app into the layers")
			}
			want := []string{tree.RoomApp, tree.RoomLayers}
			if way == sandbox.Chroot {
				want = nil
			}
			if !slices.Equal(c.Room, want) {
				t.Errorf("%s has %q, want %q", tree.Room, c.Room, want)
			}
			if slices.Contains(c.Writable, tree.Room) {
				t.Errorf("programs of the build can write to %s", tree.Room)
			}
		})
	}
}

// Where a build has this process's user, its programs can replace what is in the
// room.
func TestLinksInTheRoomLeadNowhereElse(t *testing.T) {
	outside := t.TempDir()
	write(t, outside+"/config/metadata.toml", someDeclared)
	for name, replace := range map[string]func(layers string) error{
		"a link to a folder of the host": func(layers string) error { return os.Symlink(outside, layers) },
		"a link out of the room":         func(layers string) error { return os.Symlink("../..", layers) },
		"nothing":                        func(string) error { return nil },
		"a file":                         func(layers string) error { return os.WriteFile(layers, nil, 0o644) },
	} {
		b := &Build{work: &home.Work{Dir: t.TempDir()}}
		write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
		if _, err := b.declared(); err != nil {
			t.Fatal(err)
		}
		layers := b.work.Path("room/layers")
		if err := os.RemoveAll(layers); err != nil {
			t.Fatal(err)
		}
		if err := replace(layers); err != nil {
			t.Fatal(err)
		}
		if dir, err := b.openLayers(); err == nil {
			dir.Close()
			t.Errorf("%s: got no error", name)
		}
	}
}
