package failure_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestErrorGivesIDCauseAndRemedy(t *testing.T) {
	f := &failure.Failure{ID: "disk-full", Cause: "unpacking Node.js", Remedy: "free some space.", Err: fs.ErrInvalid}
	want := "[disk-full] unpacking Node.js: invalid argument\nTo fix it: free some space."
	if f.Error() != want {
		t.Errorf("got %q, want %q", f.Error(), want)
	}
	f.Err = nil
	want = "[disk-full] unpacking Node.js\nTo fix it: free some space."
	if f.Error() != want {
		t.Errorf("got %q, want %q", f.Error(), want)
	}
}

func TestIsComparesIDs(t *testing.T) {
	err := fmt.Errorf("building: %w", &failure.Failure{ID: "a", Cause: "x", Err: fs.ErrNotExist})
	if !errors.Is(err, &failure.Failure{ID: "a"}) {
		t.Error("a failure with the same id is not found")
	}
	if errors.Is(err, &failure.Failure{ID: "b"}) {
		t.Error("a failure with another id is found")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("what lay below is not found")
	}
}
