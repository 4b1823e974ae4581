//go:build linux

package phases

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestBillsOfMaterialsAreCopiedWhereTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.SBOMDir = t.TempDir() + "/bills"
	if _, err := once(t, options); !errors.Is(err, &failure.Failure{ID: "no-sbom"}) {
		t.Errorf("a build without: got %v", err)
	}
	s.script(t, `{"sbom":true,"node":"node"}`)
	if _, err := once(t, options); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(options.SBOMDir + "/launch/sbom.cdx.json"); string(text) != "{}" {
		t.Errorf("got %q, %v", text, err)
	}
	options.SBOMDir = s.app + "/package.json"
	if _, err := once(t, options); !errors.Is(err, &failure.Failure{ID: "output-unwritable"}) {
		t.Errorf("a file in place of the folder: got %v", err)
	}
}

func TestABuildWithoutTheLabelThatWasAskedForFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.Labels = map[string]string{"declared": "yes"}
	if _, err := once(t, options); err != nil {
		t.Error(err)
	}
	options.Labels["other"] = "x"
	if _, err := once(t, options); !errors.Is(err, &failure.Failure{ID: "label-missing"}) {
		t.Errorf("got %v", err)
	}
}

func TestASmallImagesLayersAreCompressedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	s.script(t, `{"node":"`+strings.Repeat("a text that can be compressed, and of which there is much; ", 1000)+`"}`)
	options := s.options()
	options.Name = "fast"
	fast, large := made(t, options)
	fast.Close()
	options.Name, options.Small = "app:1", true
	first, one := made(t, options)
	run, err := first.run.image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := one.Image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Layers[0].Digest != run.Layers[0].Digest {
		t.Error("the run image's layer was compressed anew")
	}
	largeManifest, err := large.Image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if small, large := manifest.Layers[1].Size, largeManifest.Layers[1].Size; small >= large {
		t.Errorf("the layer of Node.js has %d bytes, and %d when it is made fast", small, large)
	}
	if kept := blobsIn(t, first); len(kept) != 6 {
		t.Errorf("it keeps %q, want the 6 blobs of its image", kept)
	}
	first.Close()
	second, two := made(t, options)
	if c := second.call(t); c.Previous != one.Digest.String() {
		t.Errorf("the second build finds %q, want %s", c.Previous, one.Digest)
	}
	if two.Digest != one.Digest {
		t.Errorf("got %s, and then %s", one.Digest, two.Digest)
	}
}
