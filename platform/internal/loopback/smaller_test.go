//go:build linux

package loopback_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// textImage has two layers of text that better compression makes smaller.
func textImage(t *testing.T) v1.Image {
	t.Helper()
	image := v1.Image(empty.Image)
	for _, word := range []string{"layer", "image"} {
		var archive bytes.Buffer
		writer := tar.NewWriter(&archive)
		text := strings.Repeat(word+" of the app that is compressed again; ", 5000) + strings.Repeat("abcdefghi", 3000)
		if err := errors.Join(writer.WriteHeader(&tar.Header{Name: word, Size: int64(len(text)), Mode: 0o644}), second(io.WriteString(writer, text)), writer.Close()); err != nil {
			t.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil }, tarball.WithCompressionLevel(gzip.BestSpeed))
		if err != nil {
			t.Fatal(err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			t.Fatal(err)
		}
	}
	return image
}

// processors is what the process runs on before any test.
var processors = runtime.GOMAXPROCS(0)

func second(_ int, err error) error { return err }

func TestSmallerLayersHaveTheSameContent(t *testing.T) {
	r, blobs := serve(t)
	image := textImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	before, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	spared := before.Layers[0].Digest
	raw, err := blobs.Smaller(t.Context(), image, func(layer v1.Descriptor) bool { return layer.Digest != spared })
	if err != nil {
		t.Fatal(err)
	}
	if now := runtime.GOMAXPROCS(0); now != processors {
		t.Errorf("the process runs on %d processors, before on %d", now, processors)
	}
	small, err := blobs.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(small); err != nil { // the content matches the configuration
		t.Error(err)
	}
	after, err := small.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if after.Layers[0].Digest != spared {
		t.Error("a layer that was not chosen was compressed again")
	}
	if was, is := before.Layers[1].Size, after.Layers[1].Size; is >= was {
		t.Errorf("got a layer of %d bytes out of %d", is, was)
	}
	if after.Config.Digest != before.Config.Digest {
		t.Error("the configuration changed")
	}
	again, err := blobs.Smaller(t.Context(), small, func(v1.Descriptor) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	twice, err := blobs.Image(again)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := twice.Manifest(); err != nil || m.Layers[1].Digest != after.Layers[1].Digest {
		t.Error("what was compressed well is not left as it is", err)
	}
	// The same content and size, from another compressor (RFC 1952, "OS").
	text, err := os.ReadFile(blobs.Path(after.Layers[1].Digest))
	if err != nil {
		t.Fatal(err)
	}
	text[9]++
	other, _, err := v1.SHA256(bytes.NewReader(text))
	if err == nil {
		err = os.WriteFile(blobs.Path(other), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, []byte(after.Layers[1].Digest.String()), []byte(other.String()))
	if image, err = blobs.Image(raw); err != nil {
		t.Fatal(err)
	}
	if again, err = blobs.Smaller(t.Context(), image, every); err != nil || !bytes.Contains(again, []byte(other.String())) {
		t.Errorf("what would be of the same size is made anew: got %s, %v", again, err)
	}
}

func TestALayerThatIsNotTheConfigurationsStaysAsItIs(t *testing.T) {
	r, blobs := serve(t)
	image := textImage(t)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.RootFS.DiffIDs[0] = config.RootFS.DiffIDs[1]
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Smaller(t.Context(), image, func(v1.Descriptor) bool { return true }); err == nil || !strings.Contains(err.Error(), "has the content") {
		t.Errorf("got %v, want an error that names the content", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := blobs.Smaller(ctx, image, func(v1.Descriptor) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after the context's end, want its error", err)
	}
}
