//go:build linux

package integration_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform"
)

// leavings are what builds of a test leave in armature's folder. Nobody uses them
// after the test, and all tests share the disk: one app takes 50 to 200 MB, and a
// builder 900 MB.
type leavings struct {
	sync.Mutex
	images map[string]time.Time       // when they were made, by folder
	keys   map[string]map[string]bool // parts of the keys of folders for builds, by armature's folder
}

// newLeavings removes them when the test ends.
func newLeavings(t *testing.T) *leavings {
	l := &leavings{images: map[string]time.Time{}, keys: map[string]map[string]bool{}}
	t.Cleanup(func() { l.remove(t) })
	return l
}

// add notes what a build left in armature's folder. The builds of an app of
// testdata have one folder for all tests, unless they have a key of their own.
func (l *leavings) add(cache, app string, args []string, b built) {
	l.Lock()
	defer l.Unlock()
	if l.keys[cache] == nil {
		l.keys[cache] = map[string]bool{}
	}
	if at := slices.Index(args, "--cache-key"); at >= 0 {
		l.keys[cache]["key "+strconv.Quote(args[at+1])+" "] = true
	} else if real, err := filepath.EvalSymlinks(app); err == nil && filepath.IsAbs(real) {
		l.keys[cache]["app "+strconv.Quote(real)+" "] = true
	}
	if info, err := os.Lstat(imageIndex(b.folder)); err == nil && strings.HasPrefix(b.folder, cache+"/images/") {
		l.images[b.folder] = info.ModTime()
	}
}

// imageIndex is the file whose time is that of the last use of an image.
func imageIndex(folder string) string { return filepath.Join(folder, "index.json") }

func (l *leavings) remove(t *testing.T) {
	l.Lock()
	defer l.Unlock()
	for folder, made := range l.images {
		info, err := os.Lstat(imageIndex(folder))
		if err == nil && info.ModTime().Equal(made) { // or another test has made it anew
			unused(t, imageIndex(folder))
		}
	}
	for cache, parts := range l.keys {
		keys, err := filepath.Glob(cache + "/builds/*/key")
		if err != nil {
			t.Error(err)
		}
		for _, path := range keys {
			key, _ := os.ReadFile(path) // it may be removed meanwhile
			for part := range parts {
				if strings.HasPrefix(string(key), part) {
					unused(t, filepath.Dir(path)+".lock")
				}
			}
		}
		prune(t, cache)
	}
}

// unused lets the file with the time of an item's last use say that it was long
// ago.
func unused(t *testing.T, path string) {
	t.Helper()
	longAgo := time.Now().AddDate(-1, 0, 0)
	if err := os.Chtimes(path, longAgo, longAgo); err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}

// prune removes what is not in use and was not used for a month.
func prune(t *testing.T, cache string) {
	t.Helper()
	var is, temporary unix.Stat_t
	if unix.Stat(cache, &is) != nil || unix.Stat(os.TempDir(), &temporary) == nil && is.Dev != temporary.Dev {
		return // there is nothing, or a small disk of the test's own
	}
	getenv := func(name string) string { return map[string]string{"ARMATURE_CACHE_LIMIT": "none"}[name] }
	if _, err := platform.Prune(context.WithoutCancel(t.Context()), platform.PruneRequest{Home: cache, Getenv: getenv}); err != nil {
		t.Error(err)
	}
}

// dropBuilder removes the files of a builder that no other test uses; prefix is
// "run-" for one that was run as an image.
func dropBuilder(t *testing.T, cache, prefix, hex string) {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(cache, "roots", prefix+hex+"*.lock"))
	if err != nil {
		t.Error(err)
	}
	for _, lock := range locks {
		unused(t, lock)
	}
	prune(t, cache)
}

// large is held by parallel tests while they use a builder that no other test
// uses, so that the disk has one of them at a time.
var large sync.Mutex
