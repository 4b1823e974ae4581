//go:build linux

package launch

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestAnImageHasTheSurroundingsThatEnginesGive(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(Options, string, ...string) (string, string, error)) {
		got, _, err := run(options, "surroundings", "ADDRESS="+listener.Addr().String())
		if want := "/home/cnb armature\n[127.0.0.1 ::1] <nil>\nreaches the host: true\n"; got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		options.Network = sandbox.None
		got, _, err = run(options, "surroundings", "ADDRESS="+listener.Addr().String())
		if options.Way == sandbox.Chroot {
			if !errors.Is(err, &failure.Failure{ID: "no-network-namespace"}) {
				t.Errorf("got %v, want no-network-namespace", err)
			}
			return
		}
		if !strings.HasSuffix(got, "[127.0.0.1 ::1] <nil>\nreaches the host: false\n") || err != nil {
			t.Errorf("no network: got %q, %v", got, err)
		}
	})
}

func TestWhoeverWritesToTheImageIsToldOfFoldersToWriteTo(t *testing.T) {
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(Options, string, ...string) (string, string, error)) {
		for _, tc := range []struct{ says, want string }{
			{"Error: EROFS: read-only file system, mkdir '/workspace/config'", `"/workspace/config"`},
			{"Error: ENOENT: no such file or directory, mkdir '/etc/todos'", `"/etc/todos"`},
			{"sh: 1: cannot create /workspace/log: Read-only file system", `"/workspace/log"`},
			{"something is on a read-only file system", "when it wrote to one"},
			{"Error: EACCES: permission denied, mkdir '/x'", ""},
			{"all is well", ""},
		} {
			_, stderr, err := run(options, "fail", "SAYS="+tc.says)
			rest, said := strings.CutPrefix(stderr, tc.says+"\n")
			hint := options.Way != sandbox.Chroot && tc.want != ""
			if err != nil || !said || hint != strings.HasPrefix(rest, "armature: [image-read-only] ") || hint && (!strings.Contains(rest, tc.want) || !strings.Contains(rest, "--tmpfs")) || !hint && rest != "" {
				t.Errorf("%q: got %q, %v", tc.says, stderr, err)
			}
		}
		options.Mounts = mounted(t, "/tmp/memory")
		options.Mounts[0].ReadOnly = true // requested by the user
		if _, stderr, _ := run(options, "fail", "SAYS=EROFS: open '/tmp/memory/x'"); strings.Contains(stderr, "image-read-only") {
			t.Errorf("of a mount that is to be read only: got %q", stderr)
		}
		options.Mounts = nil
		if _, stderr, _ := run(options, "write", "PATHS=/EROFS"); stderr != "" {
			t.Errorf("of a process that ends well: got %q", stderr)
		}
	})
}
