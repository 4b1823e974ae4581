//go:build linux

package home_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/home"
)

func TestARootIsFilledOnceHoweverManyWantIt(t *testing.T) {
	h := open(t, t.TempDir())
	var fills atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, lock, err := h.Root(t.Context(), "x", func(dir string) error {
				fills.Add(1)
				time.Sleep(50 * time.Millisecond)
				return os.WriteFile(filepath.Join(dir, "file"), []byte("whole"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer lock.Close()
			if text, err := os.ReadFile(filepath.Join(dir, "file")); string(text) != "whole" {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
	all.Wait()
	if fills.Load() != 1 {
		t.Errorf("it was filled %d times", fills.Load())
	}
}

func TestARootThatCannotBeFilledIsNotThere(t *testing.T) {
	h := open(t, t.TempDir())
	bad := errors.New("no space")
	_, _, err := h.Root(t.Context(), "x", func(dir string) error {
		os.WriteFile(filepath.Join(dir, "half"), nil, 0o644)
		return bad
	})
	if !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"roots/x", "work"} {
		if list, _ := os.ReadDir(filepath.Join(h.Dir, name)); len(list) != 0 {
			t.Errorf("%s: got %v", name, list)
		}
	}
	dir, lock, err := h.Root(t.Context(), "x", func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("got %v", list)
	}
}

func TestRootsThatNobodyUsesArePruned(t *testing.T) {
	h := open(t, t.TempDir())
	long := time.Now().Add(-31 * 24 * time.Hour)
	make := func(name string, age time.Time) home.Lock {
		dir, lock, err := h.Root(t.Context(), name, func(dir string) error { return os.Mkdir(filepath.Join(dir, "closed"), 0o500) })
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir+".lock", age, age); err != nil {
			t.Fatal(err)
		}
		return lock
	}
	make("old", long).Close()
	make("new", time.Now()).Close()
	used := make("used", long)
	defer used.Close()
	if _, err := h.Prune(t.Context(), home.Limits{Age: 30 * 24 * time.Hour, Size: -1}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old": false, "new": true, "used": true} {
		_, err := os.Lstat(filepath.Join(h.Dir, "roots", name))
		if got := err == nil; got != want {
			t.Errorf("%s: there is %v, want %v", name, got, want)
		}
	}
}

func TestOnlyTheNewestRootsOfAKindAreKept(t *testing.T) {
	h := open(t, t.TempDir())
	const all = 5
	root := func(name string, minutes int) home.Lock {
		t.Helper()
		dir, lock, err := h.Root(t.Context(), name, func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(time.Duration(minutes) * time.Minute)
		if err := os.Chtimes(dir+".lock", at, at); err != nil {
			t.Fatal(err)
		}
		return lock
	}
	for i := range all {
		root(fmt.Sprintf("run-%d", i), i-100).Close()
	}
	defer root("run-used", -200).Close()
	root("other", -300).Close()
	keep := func(want ...string) {
		t.Helper()
		if err := h.KeepRoots("run-", 2); err != nil {
			t.Fatal(err)
		}
		folders, err := filepath.Glob(filepath.Join(h.Dir, "roots", "*[^k]"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, folder := range folders {
			got = append(got, filepath.Base(folder))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	keep("other", "run-3", "run-4", "run-used")
	// After it is made again it is the newest, whatever its old lock's time.
	_, lock, err := h.Root(t.Context(), "run-0", func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	keep("other", "run-0", "run-4", "run-used")
}

// A call may be killed while it removes one.
func TestARootThatIsRemovedIsWholeUntilItIsGone(t *testing.T) {
	h := open(t, inMemory(t))
	const files = 3000
	file := func(dir string, i int) string { return filepath.Join(dir, strconv.Itoa(i%10), strconv.Itoa(i)) }
	dir, lock, err := h.Root(t.Context(), "run-x", func(dir string) error {
		for i := range files {
			os.MkdirAll(filepath.Dir(file(dir, i)), 0o755)
			if err := os.WriteFile(file(dir, i), nil, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	removed := make(chan error, 1)
	go func() { removed <- h.KeepRoots("run-", 0) }()
	for gone := false; !gone; {
		for i := 0; i < files && !gone; i++ {
			if _, err := os.Lstat(file(dir, i)); err == nil {
				continue
			}
			if _, err := os.Lstat(dir); err == nil {
				t.Fatalf("%s is there without its file %d", dir, i)
			}
			gone = true
		}
	}
	if err := <-removed; err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(filepath.Join(h.Dir, "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}
