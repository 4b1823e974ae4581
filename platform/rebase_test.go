//go:build linux

package platform

import (
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/platform/internal/destination"
)

func TestARebasedImageKeepsItsAnnotationsAndItsTime(t *testing.T) {
	madeAt := func(seconds int64, env string) v1.Image {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Created: v1.Time{Time: time.Unix(seconds, 0)}, Config: v1.Config{Env: []string{env}}})
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	for _, tc := range []struct {
		name              string
		was, is           int64
		created           string
		want              int64
		annotations       map[string]string
		untouched, annots bool
	}{
		{"as the lifecycle makes all", 1, 1, "", 1, nil, true, false},
		{"a time of its own", 1700000000, 1, "", 1700000000, map[string]string{"a": "b"}, false, true},
		{"another one", 1700000000, 1, "1800000000", 1800000000, nil, false, false},
	} {
		image := madeAt(tc.is, "new")
		got, err := keepMetadata(image, destination.Annotated(madeAt(tc.was, "old"), tc.annotations), tc.created)
		if err != nil {
			t.Fatal(err)
		}
		config, err := got.ConfigFile()
		if err != nil || config.Created.Unix() != tc.want || config.Config.Env[0] != "new" {
			t.Errorf("%s: got %v, %v", tc.name, config, err)
		}
		manifest, err := got.Manifest()
		if err != nil || (manifest.Annotations["a"] == "b") != tc.annots {
			t.Errorf("%s: got %v, %v", tc.name, manifest.Annotations, err)
		}
		before, _ := image.Digest()
		if after, _ := got.Digest(); (before == after) != tc.untouched {
			t.Errorf("%s: got %s, was %s", tc.name, after, before)
		}
	}
}
