//go:build linux

package launch

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

var programs = map[string]func(){
	"write": func() { // to each path in PATHS, and print what is there
		for _, path := range strings.Fields(os.Getenv("PATHS")) {
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path += "/new"
			}
			text, _ := os.ReadFile(path)
			err := os.WriteFile(path, []byte("x"), 0o644)
			fmt.Printf("%s %q %t\n", path, text, err == nil)
		}
	},
	"fail": func() {
		fmt.Fprintln(os.Stderr, os.Getenv("SAYS"))
		os.Exit(1)
	},
	"surroundings": func() {
		fmt.Println(os.Getenv("HOME"), os.Getenv("HOSTNAME"))
		addresses, err := net.LookupHost(os.Getenv("HOSTNAME"))
		slices.Sort(addresses)
		fmt.Println(addresses, err)
		_, err = net.Dial("tcp", os.Getenv("ADDRESS"))
		fmt.Println("reaches the host:", err == nil)
	},
}

// goodImage has this test as /program, a user's home, and a few others. It is
// made once, because that program is large.
func goodImage(t *testing.T) v1.Image {
	t.Helper()
	if good == nil {
		good = makeGoodImage(t)
	}
	return good
}

var good v1.Image

func makeGoodImage(t *testing.T) v1.Image {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return imageOf(t, "/",
		file{tar.Header{Name: "program", Mode: 0o755, Typeflag: tar.TypeReg}, string(program)},
		file{tar.Header{Name: "etc/passwd", Mode: 0o644, Typeflag: tar.TypeReg}, "cnb:x:1001:1000::/home/cnb:\n"},
		file{tar.Header{Name: "there/own", Mode: 0o644, Typeflag: tar.TypeReg}, "the image's"},
		file{Header: tar.Header{Name: "users/", Mode: 0o755, Typeflag: tar.TypeDir, Uid: 1001, Gid: 1000}},
		file{tar.Header{Name: "users/own", Mode: 0o644, Typeflag: tar.TypeReg, Uid: 1001, Gid: 1000}, "the image's"},
		file{tar.Header{Name: "workspace/old", Mode: 0o644, Typeflag: tar.TypeReg}, "the image's"},
		file{Header: tar.Header{Name: "workspace/node_modules", Mode: 0o777, Typeflag: tar.TypeSymlink, Linkname: "/layers/modules/node_modules"}},
		file{Header: tar.Header{Name: "layers/modules/node_modules/", Mode: 0o755, Typeflag: tar.TypeDir, Uid: 1001, Gid: 1000}},
		file{tar.Header{Name: "layers/modules/node_modules/package", Mode: 0o644, Typeflag: tar.TypeReg}, "the image's"},
		file{Header: tar.Header{Name: "link", Mode: 0o777, Typeflag: tar.TypeSymlink, Linkname: "there"}},
	)
}

// refusals are the errors of the ways that were tried.
var refusals = map[sandbox.Way]error{}

// tried reports whether a way works here. It tries each once.
func tried(t *testing.T, way sandbox.Way) error {
	t.Helper()
	if _, known := refusals[way]; !known {
		refusals[way] = sandbox.Try(t.Context(), way, t.TempDir())
	}
	return refusals[way]
}

// ran returns the output of a program in an image, by the ways that work here.
func ran(t *testing.T, image v1.Image, test func(t *testing.T, options Options, run func(options Options, program string, env ...string) (stdout, stderr string, err error))) {
	tier.Sandbox(t)
	for _, way := range sandbox.Ways() {
		t.Run(string(way), func(t *testing.T) {
			if err := tried(t, way); err != nil {
				t.Skipf("this machine refuses it: %v", err)
			}
			h := openHome(t, goodHome())
			options := Options{Image: image, Home: h, Way: way, Entrypoint: "/program"}
			test(t, options, func(options Options, program string, env ...string) (string, string, error) {
				var stdout, stderr bytes.Buffer
				options.Stdout, options.Stderr = &stdout, &stderr
				options.Env = map[string]string{"PROGRAM": program}
				for _, variable := range env {
					name, value, _ := strings.Cut(variable, "=")
					options.Env[name] = value
				}
				_, err := Run(t.Context(), options, nil)
				if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
				return stdout.String(), stderr.String(), err
			})
		})
	}
}

// mounted parses flags; a plain path is a tmpfs.
func mounted(t *testing.T, flags ...string) (mounts []Mount) {
	t.Helper()
	for _, flag := range flags {
		parse := ParseVolume
		if !strings.Contains(flag, ":") {
			parse = ParseTmpfs
		}
		m, err := parse(flag)
		if err != nil {
			t.Fatal(err)
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// shared returns a folder of the host with a file, which everybody can write to.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "volume-") // t.TempDir is in a folder for its owner only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.WriteFile(dir+"/new", []byte("the host's"), 0o666), os.Chmod(dir, 0o777), os.Chmod(dir+"/new", 0o666)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnImageWritesWhereItIsLet(t *testing.T) {
	ran(t, goodImage(t), func(t *testing.T, options Options, run func(Options, string, ...string) (string, string, error)) {
		dir := shared(t)
		options.Mounts = mounted(t, dir+":/data", dir+":/fixed/deep:ro", dir+"/new:/etc/one", "/memory", "/there", dir+":/tmp/below")
		if options.Way == sandbox.Chroot {
			if _, _, err := run(options, "write"); !errors.Is(err, &failure.Failure{ID: "no-mounts"}) {
				t.Errorf("got %v, want no-mounts", err)
			}
			options.Mounts = mounted(t, "/memory", "/there")
			got, _, err := run(options, "write", "PATHS=/memory /there /tmp /new")
			if want := "/memory/new \"\" true\n/there/new \"\" true\n/tmp/new \"\" true\n/new \"\" false\n"; got != want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
			return
		}
		got, stderr, err := run(options, "write", "PATHS=/fixed/deep /data /etc/one /memory /there /tmp /tmp/below /new")
		want := `/fixed/deep/new "the host's" false
/data/new "the host's" true
/etc/one "x" true
/memory/new "" true
/there/new "" true
/tmp/new "" true
/tmp/below/new "x" true
/new "" false
`
		if got != want || err != nil {
			t.Errorf("got %q, %s, %v, want %q", got, stderr, err, want)
		}
		if text, err := os.ReadFile(dir + "/new"); string(text) != "x" {
			t.Errorf("the host has %q, %v", text, err)
		}
		options.Mounts = nil
		if got, _, err := run(options, "write", "PATHS=/there/own /data"); got != "/there/own \"the image's\" false\n/data \"\" false\n" || err != nil {
			t.Errorf("without mounts: got %q, %v", got, err)
		}
	})
}

func TestAMountThatCannotBeIsAFailure(t *testing.T) {
	dir := shared(t)
	t.Chdir(dir)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "x", ":/data", dir, dir + ":data", dir + ":/", dir + ":/a/..", dir + ":/proc", dir + ":/sys/x", dir + ":/dev/shm/../x", dir + ":/data:rx", dir + ":/a:ro:z", "/nowhere:/data", "name:/data", pipe + ":/data"} {
		if m, err := ParseVolume(text); !errors.Is(err, &failure.Failure{ID: "mount-unusable"}) {
			t.Errorf("--volume %q: got %+v, %v", text, m, err)
		}
	}
	for _, text := range []string{"", "data", "/", "/dev", "/x/../proc/y"} {
		if m, err := ParseTmpfs(text); !errors.Is(err, &failure.Failure{ID: "mount-unusable"}) {
			t.Errorf("--tmpfs %q: got %+v, %v", text, m, err)
		}
	}
	if m, err := ParseVolume("new:/a/../data/"); err != nil || m.Source != filepath.Join(dir, "new") || m.Target != "/data" || !m.file || m.ReadOnly {
		t.Errorf("a path from here: got %+v, %v", m, err)
	}
	for name, mounts := range map[string][]Mount{
		"twice": mounted(t, dir+":/data", "/data"), "one in another": mounted(t, "/data/x", dir+":/data"),
	} {
		if err := CheckMounts(mounts, sandbox.Users); !errors.Is(err, &failure.Failure{ID: "mount-unusable"}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := CheckMounts(mounted(t, dir+":/data", dir+":/database", "/memory"), sandbox.Mounts); err != nil {
		t.Errorf("beside one another: got %v", err)
	}
}

func TestNothingIsMountedThroughALinkOfTheImage(t *testing.T) {
	_, way := place(t)
	for _, flag := range []string{"/link", "/link/below"} {
		options := Options{Image: goodImage(t), Home: openHome(t, goodHome()), Way: way, Entrypoint: "/program", Mounts: mounted(t, flag)}
		if _, err := Run(t.Context(), options, nil); !errors.Is(err, &failure.Failure{ID: "mount-unusable"}) {
			t.Errorf("%s: got %v, want mount-unusable", flag, err)
		}
	}
}

func TestNothingIsMountedOnWhatTheImageHasAsSomethingElse(t *testing.T) {
	_, way := place(t)
	dir := shared(t)
	for _, flags := range [][]string{
		{dir + ":/there/own"}, {"/there/own"}, {dir + ":/there/own/below"},
		{filepath.Join(dir, "new") + ":/there"}, {filepath.Join(dir, "new") + ":/there/own/below"},
	} {
		options := Options{Image: goodImage(t), Home: openHome(t, goodHome()), Way: way, Entrypoint: "/program", Mounts: mounted(t, flags...)}
		if _, err := Run(t.Context(), options, nil); !errors.Is(err, &failure.Failure{ID: "mount-unusable"}) {
			t.Errorf("%s: got %v, want mount-unusable", flags, err)
		}
	}
}
