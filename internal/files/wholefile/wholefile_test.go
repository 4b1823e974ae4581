package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

func TestAFileIsWholeOrAsItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := wholefile.WriteBytes(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := wholefile.Write(path, func(out io.Writer) error {
		io.WriteString(out, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of who writes", err)
	}
	if text, err := os.ReadFile(path); string(text) != "first" {
		t.Errorf("got %q, %v, want what was there", text, err)
	}
	if err := wholefile.WriteBytes(path, []byte("second")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if string(text) != "second" || err != nil || statErr != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("got %q, %v, %v, %v", text, info, err, statErr)
	}
	if list, _ := os.ReadDir(filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	if err := wholefile.WriteBytes(filepath.Join(t.TempDir(), "none", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}
