//go:build linux

package launch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestUser(t *testing.T) {
	for text, want := range map[string][2]int{"1001:1000": {1001, 1000}, "1002": {1002, 1002}, "65534:0": {65534, 0}} {
		if uid, gid, err := user(text); err != nil || uid != want[0] || gid != want[1] {
			t.Errorf("%q: got %d:%d, %v", text, uid, gid, err)
		}
	}
	for _, text := range []string{"", "root", "0", "0:0", "cnb:cnb", "-1", "1001:x", "1001:-1", "4294967296", "4294967295", "1001:4294967296"} {
		if _, _, err := user(text); !errors.Is(err, &failure.Failure{ID: "image-user"}) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestCommandIsTheImagesOwnUnlessNamed(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"cnb/process/web", "cnb/process/worker", "bin/sh"} {
		os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755)
		if err := os.Symlink("/cnb/lifecycle/launcher", filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	config := &v1.ConfigFile{Config: v1.Config{Entrypoint: []string{"/cnb/process/web"}, Cmd: []string{"--fast"}, Env: []string{"A=1"}, WorkingDir: "/workspace"}}
	for _, tc := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"the image's own", Options{}, []string{"/cnb/process/web", "--fast"}},
		{"with arguments", Options{Args: []string{"x"}}, []string{"/cnb/process/web", "x"}},
		{"another process", Options{Entrypoint: "worker"}, []string{"/cnb/process/worker"}},
		{"a program", Options{Entrypoint: "/bin/sh", Args: []string{"-c", "x"}}, []string{"/bin/sh", "-c", "x"}},
	} {
		got, err := tc.options.command(root, config)
		if err != nil || !slices.Equal(got.Args, tc.want) || got.Dir != "/workspace" || got.Env[0] != "A=1" {
			t.Errorf("%s: got %+v, %v", tc.name, got, err)
		}
	}
	if _, err := (Options{Entrypoint: "wroker"}).command(root, config); !errors.Is(err, &failure.Failure{ID: "no-process"}) {
		t.Errorf("a misspelt one: got %v", err)
	}
	if _, err := (Options{}).command(root, &v1.ConfigFile{}); !errors.Is(err, &failure.Failure{ID: "no-process"}) {
		t.Errorf("none at all: got %v", err)
	}
}

func TestGivenVariablesReplaceTheImagesOwn(t *testing.T) {
	options := Options{Env: map[string]string{"X": "given", "NEW": "1"}}
	got := options.environment([]string{"PATH=/cnb/process", "X=own", "XY=kept", "X=twice", "odd"}, "/home/cnb")
	if want := []string{"PATH=/cnb/process", "XY=kept", "odd", "HOSTNAME=armature", "HOME=/home/cnb", "NEW=1", "X=given"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatContainerEnginesSetIsSet(t *testing.T) {
	for _, tc := range []struct {
		name  string
		own   []string
		given map[string]string
		want  []string
	}{
		{"nothing is there", nil, nil, []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=armature", "HOME=/home/cnb"}},
		{"the image has them", []string{"PATH=/a", "HOME=/b", "HOSTNAME=c"}, nil, []string{"PATH=/a", "HOME=/b", "HOSTNAME=c"}},
		{"they are given", nil, map[string]string{"PATH": "/a", "HOME": "", "HOSTNAME": "c"}, []string{"HOME=", "HOSTNAME=c", "PATH=/a"}},
	} {
		if got := (Options{Env: tc.given}).environment(tc.own, "/home/cnb"); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestHomeIsThatOfTheImagesUser(t *testing.T) {
	for _, tc := range []struct{ name, passwd, want string }{
		{"the user is there", "root:x:0:0:root:/root:/bin/sh\ncnb:x:1001:1000::/home/cnb:/bin/sh\n", "/home/cnb"},
		{"a last line without an end", "cnb:x:1001:1000::/home/cnb:", "/home/cnb"},
		{"another user", "root:x:0:0:root:/root:/bin/sh\n", "/"},
		{"no path", "cnb:x:1001:1000::home:/bin/sh\n", "/"},
		{"a short line", "cnb:x:1001\n", "/"},
		{"none at all", "", "/"},
	} {
		root := t.TempDir()
		os.Mkdir(root+"/etc", 0o755)
		if tc.passwd != "" {
			if err := os.WriteFile(root+"/etc/passwd", []byte(tc.passwd), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := homeOf(root, 1001); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

// An image may be malicious.
func TestHomeIsReadOfTheImageAlone(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(outside, []byte("x:x:1001:1:::/secret:\nx:x:1001:1::/secret:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	os.Mkdir(root+"/etc", 0o755)
	for name, make := range map[string]func() error{
		"a link to the host": func() error { return os.Symlink(outside, root+"/etc/passwd") },
		"a pipe":             func() error { return syscall.Mkfifo(root+"/etc/passwd", 0o644) },
	} {
		os.Remove(root + "/etc/passwd")
		if err := make(); err != nil {
			t.Fatal(err)
		}
		if got := homeOf(root, 1001); got != "/" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestAnotherArchitectureWithoutAnInterpreterIsTold(t *testing.T) {
	err := checkRunnable(&v1.ConfigFile{OS: "linux", Architecture: "s390x"})
	if !errors.Is(err, &failure.Failure{ID: "unsupported-target"}) {
		t.Errorf("got %v", err)
	}
}
