package main_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	verifyarm64 "github.com/armature-cnb/armature/tools/verifyarm64"
)

// cache is where make verify-arm64 keeps the kernel.
var cache = filepath.Join("..", "..", "build", "verify-arm64")

func TestBoot(t *testing.T) {
	if os.Getenv("ARMATURE_BOOT_TEST") != "1" {
		t.Skip("left out: it boots machines under qemu, which takes a minute; make verify-arm64 runs it (ARMATURE_BOOT_TEST=1)")
	}
	arm64, amd64 := compile(t, targets.LinuxARM64), compile(t, targets.LinuxAMD64)
	app := func(launcher []byte, args ...string) v1.Image {
		return appImage(t, targets.LinuxARM64, launcher, amd64, args...)
	}
	for _, tc := range []struct {
		name  string
		image v1.Image
		flags []string
		id    string   // of the failure, "" for none
		words []string // in the log and the error
	}{
		{
			name: "an arm64 image answers as its user in its folder", image: app(arm64),
			flags: []string{"-path", "/a/b?c", "-expect", "Hello World! /a/b: uid=1001 gid=1000 dir=/workspace greeting=grüße you home=/home/cnb"},
			words: []string{"app: listening", "answered on aarch64"},
		},
		{
			name: "an amd64 launcher is refused by the kernel", image: app(amd64),
			id:    "arm64-refused",
			words: []string{"exec format error", "a program for x86_64, want aarch64", "/cnb/process/web"},
		},
		{
			name: "an amd64 program behind an arm64 launcher is refused by the kernel", image: app(arm64, "exec", "/other"),
			id:    "arm64-exited",
			words: []string{"/other: exec format error", "exit status 126"},
		},
		{
			name: "the file system is the image's", image: app(arm64),
			flags: []string{"-expect", probeListing},
		},
		{
			name: "an entrypoint that ends is reported with its output", image: app(arm64, "end"),
			id:    "arm64-exited",
			words: []string{"exit status 7", "ending as told"},
		},
		{
			name: "silence ends with the console's last lines", image: app(arm64),
			flags: []string{"-port", "3001", "-timeout", "20s"},
			id:    "arm64-no-answer",
			words: []string{"no answer within 20 s"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var log bytes.Buffer
			start := time.Now()
			args := append([]string{"-image", layout(t, tc.image), "-cache", cache}, tc.flags...)
			err := verifyarm64.Run(t.Context(), args, &log)
			t.Logf("%.1f s", time.Since(start).Seconds())
			var known *failure.Failure
			switch {
			case tc.id == "" && err != nil:
				t.Fatalf("got %v\n%s", err, log.String())
			case tc.id != "" && (!errors.As(err, &known) || known.ID != tc.id):
				t.Fatalf("got %v, want a failure %s\n%s", err, tc.id, log.String())
			case err != nil:
				log.WriteString(err.Error())
			}
			for _, words := range tc.words {
				if !strings.Contains(log.String(), words) {
					t.Errorf("got\n%s\nwant it to say %s", log.String(), words)
				}
			}
			nothingLeft(t)
		})
	}
}

// probeListing is what the server sees of the folder "probe" of [appImage],
// whose hard link, in the newer layer, comes before the file it is a link to.
const probeListing = `
/probe 40755 0:0 3 
/probe/empty 100644 0:0 1 
/probe/folder 41770 1001:1000 2 
/probe/link 100640 1001:1000 2 content
/probe/original 100640 1001:1000 2 content
/probe/setuid 104755 7:8 1 newer
/probe/symlink 120777 0:0 1 original
`

// nothingLeft says which temporary files are still there.
func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "verifyarm64-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestInterruptEndsTheMachine(t *testing.T) {
	if os.Getenv("ARMATURE_BOOT_TEST") != "1" {
		t.Skip("left out: it boots a machine under qemu; make verify-arm64 runs it (ARMATURE_BOOT_TEST=1)")
	}
	t.Setenv("TMPDIR", t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	log := &trigger{words: "booting", pull: func() { time.AfterFunc(time.Second, interrupt) }}
	dir := layout(t, appImage(t, targets.LinuxARM64, compile(t, targets.LinuxARM64), nil))
	start := time.Now()
	err := verifyarm64.Run(ctx, []string{"-image", dir, "-cache", cache, "-port", "3001"}, log)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was interrupted", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("got the end after %s", took)
	}
	nothingLeft(t)
}

// trigger calls pull when words are first written.
type trigger struct {
	words string
	pull  func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if w.pull != nil && bytes.Contains(p, []byte(w.words)) {
		w.pull()
		w.pull = nil
	}
	return len(p), nil
}
