//go:build linux

package launch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
