//go:build linux

package home_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestALockAloneIsNoRoot(t *testing.T) {
	h := open(t, t.TempDir())
	roots := filepath.Join(h.Dir, "roots")
	if h.HasRoots() {
		t.Error("a new home has a root")
	}
	if err := os.WriteFile(roots+"/x.lock", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if h.HasRoots() {
		t.Error("a lock counts as a root")
	}
	if err := os.Mkdir(roots+"/x", 0o755); err != nil {
		t.Fatal(err)
	}
	if !h.HasRoots() {
		t.Error("a root is not seen")
	}
	if err := os.RemoveAll(roots); err != nil {
		t.Fatal(err)
	}
	if h.HasRoots() {
		t.Error("a folder that is not there has a root")
	}
}

func TestAHomeWithoutItsFolderForWorkHasNone(t *testing.T) {
	h := open(t, t.TempDir())
	if err := os.RemoveAll(h.Dir + "/work"); err != nil {
		t.Fatal(err)
	}
	if w, err := h.NewWork(); w != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v", w, err)
	}
	if err := os.WriteFile(h.Dir+"/work", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if w, err := h.NewWork(); w != nil || err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file in its place: got %v, %v", w, err)
	}
}
