//go:build linux

package destination_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
)

func TestAnImageCanBeFoundWhereItWasWritten(t *testing.T) {
	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(registry.New())
	defer server.Close()
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	base := t.TempDir()
	h := home.Home{Dir: base}
	for text, found := range map[string]string{
		"":                            destination.StorePath(h, tag),
		"oci:" + base + "/new/layout": base + "/new/layout",
		"tar:" + base + "/app.tar":    base + "/app.tar",
		"registry":                    tag.String(),
	} {
		o, err := destination.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second replaces the first
			got, err := o.Write(t.Context(), h, tag, []v1.Image{image})
			if want := found + "@" + digest.String(); err != nil || got != want {
				t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
			}
		}
	}
	for _, dir := range []string{destination.StorePath(h, tag), base + "/new/layout"} {
		if got, err := oci.ReadLayout(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		} else if d, _ := got.Digest(); d != digest {
			t.Errorf("%s: got %s", dir, d)
		}
	}
	if _, err := tarball.ImageFromPath(base+"/app.tar", &tag); err != nil {
		t.Error(err)
	}
	if described, err := remote.Head(tag); err != nil || described.Digest != digest {
		t.Errorf("got %v, %v", described, err)
	}
	if left, _ := filepath.Glob(base + "/.*"); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestAFolderWithSomethingElseIsLeftAlone(t *testing.T) {
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	tag, _ := name.NewTag("app")
	dir := t.TempDir()
	os.WriteFile(dir+"/diary", []byte("x"), 0o644)
	o, err := destination.Parse("oci:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write(t.Context(), home.Home{Dir: t.TempDir()}, tag, []v1.Image{image}); !errors.Is(err, &failure.Failure{ID: "output-occupied"}) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir + "/diary"); err != nil {
		t.Error(err)
	}
}

func TestOutputsThatThereAreNot(t *testing.T) {
	for _, text := range []string{"zip:x", "oci", "oci:", "tar:", "docker:x", "registry:x", "/folder"} {
		if _, err := destination.Parse(text); !errors.Is(err, &failure.Failure{ID: "output-unknown"}) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
