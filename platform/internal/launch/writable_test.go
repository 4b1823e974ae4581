//go:build linux

package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// What a run writes to the image's files is gone afterwards, and the files of
// other runs remain read-only.
func TestAnImagesFilesCanBeMadeWritable(t *testing.T) {
	const written = "/users/new \"\" true\n/users/own \"the image's\" true\n"
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(options Options, program string, env ...string) (string, string, error)) {
		for _, writable := range []bool{true, true, false} {
			options.Writable = writable
			want := written
			if !writable && options.Way != sandbox.Chroot {
				want = strings.ReplaceAll(written, "true", "false")
			}
			out, _, err := run(options, "write", "PATHS=/users /users/own")
			if err != nil || out != want {
				t.Errorf("writable %t: got %q, %v, want %q", writable, out, err, want)
			}
		}
	})
}

// The folder of the host is the app's, with the modules of the image.
func TestAFolderTakesThePlaceOfTheApp(t *testing.T) {
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(options Options, program string, env ...string) (string, string, error)) {
		app := t.TempDir()
		if err := os.WriteFile(app+"/mine", []byte("the host's"), 0o644); err != nil {
			t.Fatal(err)
		}
		options.App, options.Writable = app, true
		out, _, err := run(options, "write", "PATHS=/workspace /workspace/mine /workspace/old /workspace/node_modules/package /workspace/node_modules")
		if options.Way == sandbox.Chroot {
			if !errors.Is(err, &failure.Failure{ID: "no-mounts"}) {
				t.Errorf("got %v, want no-mounts", err)
			}
			return
		}
		want := "/workspace/new \"\" true\n/workspace/mine \"the host's\" true\n/workspace/old \"\" true\n/workspace/node_modules/package \"the image's\" "
		mapped := options.Way == sandbox.Mounts || options.Way.OneID() // root's files are the user's inside
		if !mapped {
			want = strings.ReplaceAll(want, "true", "false")
		}
		if err != nil || !strings.HasPrefix(out, want) || !strings.HasSuffix(out, "\n/workspace/node_modules/new \"\" true\n") {
			t.Errorf("got %q, %v, want %q first", out, err, want)
		}
		for _, name := range []string{"new", "mine", "old"} {
			if !mapped {
				break
			}
			info, err := os.Stat(filepath.Join(app, name))
			if err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()) || info.Size() != 1 {
				t.Errorf("%s: got %+v, %v, want what was written, and this user's", name, info, err)
			}
		}
		if _, err := os.Lstat(app + "/node_modules"); err == nil {
			t.Error("the place of the modules is left")
		}
	})
}

// The kernel takes no options longer than a page.
func TestWhereTheKernelCannotTheFilesAreCopied(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat(strings.Repeat("a", 200)+"/", 7))
	if err := os.MkdirAll(long, 0o755); err != nil {
		t.Fatal(err)
	}
	h := openHome(t, long)
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(options Options, program string, env ...string) (string, string, error)) {
		options.Home, options.Writable = h, true
		for range 2 {
			out, _, err := run(options, "write", "PATHS=/users /users/own")
			if want := "/users/new \"\" true\n/users/own \"the image's\" true\n"; err != nil || out != want {
				t.Errorf("got %q, %v, want %q", out, err, want)
			}
		}
	})
	if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
