//go:build linux

package destination_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
)

// fromStdin is a layer whose content comes from standard input.
type fromStdin struct{ v1.Layer }

func (fromStdin) Compressed() (io.ReadCloser, error) { return os.Stdin, nil }

// KEEP_WRITING makes this test a process that writes until it is killed.
func TestMain(m *testing.M) {
	if place := os.Getenv("KEEP_WRITING"); place != "" {
		layer, err := random.Layer(1000, types.DockerLayer)
		if err != nil {
			panic(err)
		}
		image, err := mutate.AppendLayers(empty.Image, fromStdin{layer})
		if err != nil {
			panic(err)
		}
		panic(write(place, image))
	}
	os.Exit(m.Run())
}

func write(place string, image v1.Image) error {
	o, err := destination.Parse(place)
	if err != nil {
		return err
	}
	tag, err := name.NewTag("app")
	if err != nil {
		return err
	}
	_, err = o.Write(context.Background(), home.Home{}, tag, []v1.Image{image})
	return err
}

func small(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestWhatAKilledProcessWroteTheNextOneRemoves(t *testing.T) {
	for _, kind := range []string{"oci:", "tar:"} {
		dir := t.TempDir()
		place := kind + dir + "/[a]pp" // glob characters are literal
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), "KEEP_WRITING="+place)
		stdin, err := cmd.StdinPipe() // which gets no data, and closes with this process
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stages := func() []string {
			found, _ := filepath.Glob(dir + "/.*/new*")
			return found
		}
		for until := time.Now().Add(30 * time.Second); len(stages()) == 0 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		if err := write(kind+dir+"/other", small(t)); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Kill()
		cmd.Wait()
		if len(stages()) == 0 {
			t.Fatal("the killed process left nothing: the test tries nothing")
		}
		if err := write(place, small(t)); err != nil {
			t.Fatal(err)
		}
		list, err := os.ReadDir(dir)
		if err != nil || len(list) != 2 {
			t.Errorf("%s there is %v, %v, want the two images", kind, list, err)
		}
	}
}

func TestWhoWritesToOneFolderAtOnceLeavesOneOfTheImages(t *testing.T) {
	dir := t.TempDir() + "/app"
	var all sync.WaitGroup
	for range 8 {
		image := small(t)
		all.Go(func() {
			for range 5 {
				if err := write("oci:"+dir, image); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	image, err := oci.ReadLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := image.Layers(); err != nil || len(layers) != 2 {
		t.Errorf("got %v, %v", layers, err)
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("left over: %v", list)
	}
}

func TestAFullDiskIsTheUsersToMendAndNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	large, err := random.Image(1<<20, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{"oci:" + dir + "/app", "tar:" + dir + "/app.tar"} {
		if err := write(place, small(t)); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadDir(dir)
		err := write(place, large)
		if !errors.Is(err, &failure.Failure{ID: "disk-full"}) || !strings.Contains(err.Error(), "--output") {
			t.Errorf("%s: got %v", place, err)
		}
		if after, _ := os.ReadDir(dir); len(after) != len(before) {
			t.Errorf("%s: there is %v, was %v", place, after, before)
		}
	}
	if _, err := oci.ReadLayout(dir + "/app"); err != nil {
		t.Errorf("the image that was there: %v", err)
	}
}

func TestEveryNameHasAPathOfItsOwnInTheStore(t *testing.T) {
	h := home.Home{Dir: "/home"}
	paths := map[string]string{}
	for _, text := range []string{"aa", "aa:b", "aa/b", "aa/latest", "aa/latest:b", "library/aa/b", "localhost:5000/aa", "localhost:5000/aa:b", "x.io/../../../etc/a", "x.io/.."} {
		tag, err := name.NewTag(text)
		if err != nil {
			t.Fatal(err)
		}
		path := destination.StorePath(h, tag)
		if !strings.HasPrefix(path, "/home/images/") {
			t.Errorf("%s: %s is outside", text, path)
		}
		for other, there := range paths {
			if path == there || strings.HasPrefix(path, there+"/") || strings.HasPrefix(there, path+"/") {
				t.Errorf("%s at %s and %s at %s share a folder", text, path, other, there)
			}
		}
		paths[text] = path
	}
}
