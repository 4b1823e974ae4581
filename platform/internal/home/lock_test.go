//go:build linux

package home_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// inMemory returns a folder on a file system in memory, on which races are more
// frequent; or an ordinary one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "home-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Builds begin concurrently: none fails, and none loses its folder.
func TestWorkIsSafeFromThoseWhoSweep(t *testing.T) {
	h := open(t, inMemory(t))
	var ended atomic.Bool
	var sweepers, workers sync.WaitGroup
	for range 4 {
		sweepers.Go(func() {
			for !ended.Load() {
				if _, err := home.Open(h.Dir, os.Getenv); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		workers.Go(func() {
			for range 50 {
				work, err := h.NewWork()
				if err != nil {
					t.Errorf("making one: %v", err)
					continue
				}
				if err := os.WriteFile(work.Path("file"), nil, 0o644); err != nil {
					t.Errorf("working in it: %v", err)
				}
				if _, err := os.Lstat(work.Path("file")); err != nil {
					t.Errorf("under its lock: %v", err)
				}
				if err := work.Close(); err != nil {
					t.Errorf("closing it: %v", err)
				}
			}
		})
	}
	workers.Wait()
	ended.Store(true)
	sweepers.Wait()
	if list, _ := os.ReadDir(filepath.Join(h.Dir, "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}

// Two callers want a new root: the second uses it concurrently with the first.
func TestWhoWaitsForARootWaitsForItsMakingOnly(t *testing.T) {
	h := open(t, t.TempDir())
	making, made := make(chan bool), make(chan bool)
	first := go1(func() (home.Lock, error) {
		_, lock, err := h.Root(t.Context(), "x", func(string) error {
			making <- true
			<-made
			return nil
		})
		return lock, err
	})
	<-making
	second := go1(func() (home.Lock, error) {
		_, lock, err := h.Root(t.Context(), "x", func(string) error { return errors.New("it is made twice") })
		return lock, err
	})
	select {
	case got := <-second:
		t.Fatalf("it was not made yet: got %v", got.err)
	case <-time.After(60 * time.Millisecond):
	}
	made <- true
	one := <-first
	if one.err != nil {
		t.Fatal(one.err)
	}
	defer one.value.Close() // the first uses it until the end
	select {
	case got := <-second:
		if got.err != nil {
			t.Fatal(got.err)
		}
		got.value.Close()
	case <-time.After(10 * time.Second):
		t.Fatal("the second waits for the end of the first one's use")
	}
}

type result[T any] struct {
	value T
	err   error
}

// go1 calls a function concurrently.
func go1[T any](call func() (T, error)) <-chan result[T] {
	done := make(chan result[T], 1)
	go func() {
		value, err := call()
		done <- result[T]{value, err}
	}()
	return done
}

// A locked item stays while others prune.
func TestARootThatIsLockedIsNeverRemoved(t *testing.T) {
	h := open(t, inMemory(t))
	var ended atomic.Bool
	var removers, users sync.WaitGroup
	for range 2 {
		removers.Go(func() {
			for !ended.Load() {
				if err := h.KeepRoots("run-", 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for user := range 4 {
		users.Go(func() {
			for i := range 100 {
				dir, lock, err := h.Root(t.Context(), fmt.Sprintf("run-%d", (user+i)%2), func(dir string) error {
					return os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
				})
				if err != nil {
					t.Error(err)
					continue
				}
				for range 10 {
					if _, err := os.Lstat(filepath.Join(dir, "file")); err != nil {
						t.Errorf("under its lock: %v", err)
						break
					}
				}
				lock.Close()
			}
		})
	}
	users.Wait()
	ended.Store(true)
	removers.Wait()
}
