//go:build linux

package home_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// KEEP_WORK makes this test a process that works until it is killed.
func TestMain(m *testing.M) {
	home.Reexec()
	if dir := os.Getenv("FINISH"); dir != "" {
		finish(dir)
		os.Exit(0)
	}
	if dir := os.Getenv("KEEP_WORK"); dir != "" {
		h, err := home.Open(dir, os.Getenv)
		if err != nil {
			panic(err)
		}
		work, err := h.NewWork()
		if err != nil {
			panic(err)
		}
		work.Folder("closed/inside", 0o500)
		os.Stdout.WriteString(work.Dir + "\n")
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) home.Home {
	t.Helper()
	h, err := home.Open(dir, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTheDefaultFolderFollowsTheXDGSpecification(t *testing.T) {
	base := t.TempDir()
	for name, env := range map[string]map[string]string{
		"xdg/armature":         {"XDG_CACHE_HOME": base + "/xdg", "HOME": base},
		"home/.cache/armature": {"HOME": base + "/home"},
	} {
		h, err := home.Open("", func(key string) string { return env[key] })
		if err != nil || h.Dir != filepath.Join(base, name) {
			t.Errorf("got %v, %v, want %s", h, err, name)
		}
	}
	_, err := home.Open("", func(string) string { return "" })
	if !errors.Is(err, &failure.Failure{ID: "no-cache-dir"}) {
		t.Errorf("got %v", err)
	}
}

func TestTheWorkOfAKilledProcessIsRemovedAndThatOfALivingOneIsNot(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "KEEP_WORK="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	work := line[:len(line)-1]
	open(t, dir)
	if _, err := os.Lstat(work); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	open(t, dir)
	if list, _ := os.ReadDir(filepath.Dir(work)); len(list) != 0 {
		t.Errorf("after its end: got %v", list)
	}
}

func TestALockWhoseFolderIsGoneIsRemovedUnlessSomebodyHoldsIt(t *testing.T) {
	h := open(t, t.TempDir())
	work := filepath.Join(h.Dir, "work")
	if err := os.WriteFile(filepath.Join(work, strings.Repeat("a", 26)+".lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	held, err := h.NewWork()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(held.Dir); err != nil { // in the middle of Close
		t.Fatal(err)
	}
	open(t, h.Dir)
	list, _ := os.ReadDir(work)
	if len(list) != 1 || list[0].Name() != filepath.Base(held.Dir)+".lock" {
		t.Errorf("got %v, want the lock that is held", list)
	}
	held.Close()
}

func TestBuildsOfOneKeyWaitForEachOther(t *testing.T) {
	h := open(t, t.TempDir())
	first, err := h.Build(t.Context(), "app linux/arm64", func() { t.Error("the first waited") })
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(first.Dir, "kept"), nil, 0o644)
	waits := make(chan bool, 1)
	done := make(chan *home.Build)
	go func() {
		second, err := h.Build(t.Context(), "app linux/arm64", func() { waits <- true })
		if err != nil {
			t.Error(err)
		}
		done <- second
	}()
	<-waits
	other, err := h.Build(t.Context(), "app linux/amd64", func() { t.Error("another platform waited") })
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := h.Build(soon, "app linux/arm64", func() {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupted: got %v", err)
	}
	first.Close()
	second := <-done
	defer second.Close()
	if _, err := os.Lstat(filepath.Join(second.Dir, "kept")); err != nil {
		t.Error(err)
	}
	if err := second.Clear(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(second.Dir, "kept")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
