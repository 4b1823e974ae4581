//go:build unix

package scarce_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/scarce"
)

func TestFilesOpensOneMoreInEachAttempt(t *testing.T) {
	var limits []int // files that each attempt could open
	checked := 0
	scarce.Files(t, func() scarce.Try {
		return scarce.Try{Do: func() (err error) {
			for opened := range 3 {
				file, openErr := os.Open(os.DevNull)
				if openErr != nil {
					limits = append(limits, opened)
					return openErr
				}
				defer file.Close()
			}
			return nil
		}, Check: func() { checked++ }}
	})
	if len(limits) != 3 || limits[0] != 0 || limits[1] != 1 || limits[2] != 2 || checked != 1 {
		t.Errorf("opened %v, checked %d times", limits, checked)
	}
}

func TestRoomGrowsUntilItIsEnough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	scarce.Room(t, func() scarce.Try {
		return scarce.Try{Do: func() error {
			err := os.WriteFile(path, []byte("12345"), 0o600)
			if err != nil && !errors.Is(err, syscall.EFBIG) {
				t.Error(err)
			}
			return err
		}, Check: func() {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() != 5 {
				t.Errorf("got %d bytes, want 5", info.Size())
			}
		}}
	})
}

// A test with both runs again for its room, and needs no second look at its files.
func TestFilesAreNotTriedAgainWhereThereIsLittleRoom(t *testing.T) {
	tried := 0
	one := func() scarce.Try {
		tried++
		return scarce.Try{Do: func() error { return nil }, Check: func() {}}
	}
	scarce.Files(t, one)
	t.Setenv("ARMATURE_TEST_HAS_LITTLE_ROOM", "1")
	scarce.Files(t, one)
	if tried != 1 {
		t.Errorf("got %d attempts, want 1", tried)
	}
}
