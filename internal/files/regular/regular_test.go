//go:build unix

package regular_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
)

func TestOnlyRegularFilesInsideAreRead(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "dir")
	outside := filepath.Join(base, "outside")
	for _, err := range []error{
		os.MkdirAll(dir+"/sub", 0o755), os.WriteFile(outside, []byte("secret"), 0o644),
		os.WriteFile(dir+"/plain", []byte("text"), 0o644), os.WriteFile(dir+"/long", []byte("text and more"), 0o644),
		syscall.Mkfifo(dir+"/pipe", 0o644), os.Symlink("plain", dir+"/link"), os.Symlink("../plain", dir+"/sub/link"),
		os.Symlink("pipe", dir+"/to-pipe"), os.Symlink("/dev/zero", dir+"/to-device"), os.Symlink(outside, dir+"/to-outside"),
		os.Symlink("../outside", dir+"/up"), os.Symlink("loop", dir+"/loop"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, tc := range []struct {
		path, want, refused string
	}{
		{path: "plain", want: "text"},
		{path: "link", want: "text"},
		{path: "sub/link", want: "text"},
		{path: "long", refused: "more than 4 bytes"},
		{path: "sub", refused: "it is a folder"},
		{path: "pipe", refused: "it is a pipe"},
		{path: "to-pipe", refused: "it is a pipe"},
		{path: "to-device", refused: "escapes"},
		{path: "to-outside", refused: "escapes"},
		{path: "up", refused: "escapes"},
		{path: "../outside", refused: "escapes"},
		{path: "loop", refused: "too many"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			var text []byte
			var err error
			done := make(chan bool)
			go func() {
				text, err = regular.Read(root, tc.path, 4)
				close(done)
			}()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("it waits")
			}
			if string(text) != tc.want || (err == nil) != (tc.refused == "") || err != nil && !strings.Contains(err.Error(), tc.refused) {
				t.Errorf("got %q, %v, want %q, %q", text, err, tc.want, tc.refused)
			}
		})
	}
	if _, err := regular.Read(root, "none", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestWhatNeverEndsIsNotReadToTheEnd(t *testing.T) {
	dir := t.TempDir()
	pipe, plain := filepath.Join(dir, "pipe"), filepath.Join(dir, "plain")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o644), os.WriteFile(plain, []byte("text"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path, want string
		fails      bool
	}{{"/dev/zero", "", true}, {pipe, "", false}, {os.DevNull, "", false}, {plain, "text", false}} {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(tc.path, link); err != nil {
			t.Fatal(err)
		}
		if text, err := regular.ReadFile(link); (err != nil) != tc.fails || string(text) != tc.want {
			t.Errorf("%s: got %d bytes, %v", tc.path, len(text), err)
		}
	}
	large := filepath.Join(dir, "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o644), os.Truncate(large, 64<<20+1)); err != nil {
		t.Fatal(err)
	}
	_, err := regular.ReadFile(large)
	if err := regular.TooLarge(err); !errors.Is(err, &failure.Failure{ID: "app-file-too-large"}) || !strings.Contains(err.Error(), large+": it has more than 67108864 bytes") {
		t.Errorf("got %v", err)
	}
	if err := regular.TooLarge(fs.ErrNotExist); err != fs.ErrNotExist {
		t.Errorf("got %v, want the error as it was", err)
	}
	if _, err := regular.ReadFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it is not there", err)
	}
	loose := filepath.Join(dir, "loose")
	if err := os.Symlink("../none", loose); err != nil {
		t.Fatal(err)
	}
	if _, err := regular.ReadFile(loose); err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "it is a link to ../none") {
		t.Errorf("got %v, want that it is a link to nothing", err)
	}
}
