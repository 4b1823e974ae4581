//go:build linux

package launch

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
	"github.com/armature-cnb/armature/platform/internal/sandbox/sandboxtest"
)

// The program of images that can run is this test itself; PROGRAM says which.
func TestMain(m *testing.M) {
	if name := os.Getenv("PROGRAM"); name != "" {
		programs[name]()
		os.Exit(0)
	}
	status := sandboxtest.Main(m)
	os.RemoveAll(goodHome())
	os.Exit(status)
}

// goodHome returns the folder of the home in which goodImage is unpacked, once
// for all tests, because that is the slowest step.
func goodHome() string {
	return filepath.Join(os.TempDir(), "armature-launch-test-"+strconv.Itoa(os.Getpid()))
}

// file is an entry of a layer.
type file struct {
	tar.Header
	content string
}

// oddImage is for this machine, without an executable program. Its processes
// start in dir.
func oddImage(t *testing.T, dir string) v1.Image {
	t.Helper()
	return imageOf(t, dir,
		file{Header: tar.Header{Name: "closed", Mode: 0o644, Typeflag: tar.TypeReg}},
		file{Header: tar.Header{Name: "empty", Mode: 0o755, Typeflag: tar.TypeReg}},
		file{Header: tar.Header{Name: "folder/", Mode: 0o755, Typeflag: tar.TypeDir}},
		file{Header: tar.Header{Name: "dangling", Mode: 0o777, Typeflag: tar.TypeSymlink, Linkname: "/cnb/lifecycle/launcher"}},
		file{tar.Header{Name: "script", Mode: 0o755, Typeflag: tar.TypeReg}, "#!/nowhere\n"},
	)
}

// imageOf returns an image for this machine.
func imageOf(t *testing.T, dir string, files ...file) v1.Image {
	t.Helper()
	var content bytes.Buffer
	archive := tar.NewWriter(&content)
	for _, file := range files {
		file.Size = int64(len(file.content))
		if err := archive.WriteHeader(&file.Header); err != nil {
			t.Fatal(err)
		}
		io.WriteString(archive, file.content)
	}
	archive.Close()
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(content.Bytes(), types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, _ = strings.Cut(host.String(), "/")
	config.Config.User, config.Config.WorkingDir = "1001:1000", dir
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

func openHome(t *testing.T, dir string) home.Home {
	t.Helper()
	h, err := home.Open(dir, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// place returns a home for running images, and a sandbox that works.
func place(t *testing.T) (home.Home, sandbox.Way) {
	t.Helper()
	tier.Sandbox(t)
	h := openHome(t, t.TempDir())
	way, err := sandbox.Find(t.Context(), h.Dir, sandbox.Ways()...)
	if err != nil {
		t.Skip("no sandbox can be made here: ", err)
	}
	return h, way
}

func TestAProgramThatCannotBeExecutedIsAFailure(t *testing.T) {
	h, way := place(t)
	for name, tc := range map[string]struct{ program, remedy string }{
		"no permission":            {"/closed", "chmod +x"},
		"a folder":                 {"/folder", "chmod +x"},
		"no format":                {"/empty", "a program for its platform"},
		"a link to nothing":        {"/dangling", "where its links lead"},
		"a script for nothing":     {"/script", "the interpreter that its first line names"},
		"a name without a folder":  {"node", "see that the image has it"},
		"a file that is no folder": {"/closed/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{Image: oddImage(t, "/folder"), Home: h, Way: way, Stdout: io.Discard, Stderr: io.Discard, Entrypoint: tc.program}
			if !strings.HasPrefix(tc.program, "/") {
				options.Entrypoint, options.Args = "", []string{tc.program}
			}
			_, err := Run(t.Context(), options, nil)
			id := "program-not-executable"
			if tc.remedy == "" {
				id = "no-process" // it does not exist
			}
			var f *failure.Failure
			if !errors.As(err, &f) || f.ID != id || !strings.Contains(f.Remedy, tc.remedy) {
				t.Errorf("got %v, want %s and %q", err, id, tc.remedy)
			}
			if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// The kernel refuses a variable of 128 KiB.
func TestAVariableThatIsTooLongIsToldApart(t *testing.T) {
	h, way := place(t)
	env := map[string]string{"A": strings.Repeat("a", 128<<10)}
	_, err := Run(t.Context(), Options{Image: oddImage(t, "/folder"), Home: h, Way: way, Env: env, Stdout: io.Discard, Stderr: io.Discard, Entrypoint: "/script"}, nil)
	if !errors.Is(err, sandbox.ErrTooLong) {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAWorkingDirThatCannotBeEnteredIsAFailure(t *testing.T) {
	h, way := place(t)
	for name, dir := range map[string]string{"missing": "/nowhere", "a file": "/closed", "a link to nothing": "/dangling"} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(t.Context(), Options{Image: oddImage(t, dir), Home: h, Way: way, Stdout: io.Discard, Stderr: io.Discard, Entrypoint: "/script"}, nil)
			var f *failure.Failure
			if !errors.As(err, &f) || f.ID != "working-dir-unusable" || !strings.Contains(f.Cause, dir) {
				t.Errorf("got %v, want working-dir-unusable and %s", err, dir)
			}
			if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestASignalBeforeTheProgramEndsTheRunWithoutIt(t *testing.T) {
	h, way := place(t)
	signals := make(chan syscall.Signal, 1)
	signals <- syscall.SIGTERM
	status, err := Run(t.Context(), Options{Image: oddImage(t, "/folder"), Home: h, Way: way, Stdout: io.Discard, Stderr: io.Discard, Entrypoint: "/script"}, signals)
	if err != nil || status != (sandbox.Status{Signal: int(syscall.SIGTERM)}) {
		t.Errorf("got %v, %v, want the signal: the script, which cannot be executed, was not to be tried", status, err)
	}
	if left, _ := os.ReadDir(h.Dir + "/work"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
