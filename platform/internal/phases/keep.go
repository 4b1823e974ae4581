//go:build linux

package phases

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// keep checks an image, replaces the run image's name in it with the public one,
// and keeps only it and the cache image, which may be nil, for the next build.
func (b *Build) keep(ctx context.Context, made exported) error {
	image, cache, runReference := made.image, made.cache, made.runReference
	if err := b.check(image); err != nil {
		return err
	}
	if err := b.checkSaid(image); err != nil {
		return err
	}
	right, err := b.verify(ctx, made)
	if err != nil {
		return err
	}
	was, is := strings.TrimSuffix(runReference, ":"+loopback.Tag)+"@"+b.run.digest.String(), b.run.recorded
	manifest, err := b.blobs.Reconfigured(image, func(config []byte) ([]byte, error) {
		if b.Rebase != nil {
			config = bytes.ReplaceAll(config, namedInLabel(runReference), namedInLabel(b.rebaseName))
		}
		return rename(config, was, is)
	})
	if err != nil {
		return fmt.Errorf("recording the run image: %w", err)
	}
	kept, err := b.blobs.Image(manifest)
	if err != nil {
		return err
	}
	if b.Small {
		if manifest, err = b.smaller(ctx, kept); err != nil {
			return fmt.Errorf("compressing the layers: %w", err)
		}
		if kept, err = b.blobs.Image(manifest); err != nil {
			return err
		}
	}
	if err := wholefile.WriteBytes(b.manifestPath(), manifest); err != nil {
		return err
	}
	if err := b.leaveVerified(manifest, right); err != nil {
		return err
	}
	digests, err := blobsOf(kept)
	if err == nil && cache != nil {
		var more []v1.Hash
		more, err = blobsOf(cache)
		digests = append(digests, more...)
	}
	if err != nil {
		return err
	}
	return b.blobs.Keep(digests...)
}

// smaller compresses an image's layers well, except those of the run image and
// those that the build started from, which already are.
func (b *Build) smaller(ctx context.Context, image v1.Image) (manifest []byte, err error) {
	done := map[v1.Hash]bool{}
	for _, before := range []v1.Image{b.run.image, b.before} {
		if before == nil {
			continue
		}
		parsed, err := before.Manifest()
		if err != nil {
			return nil, err
		}
		for _, layer := range parsed.Layers {
			done[layer.Digest] = true
		}
	}
	err = b.Log.Step("compressing the layers", func() error {
		manifest, err = b.blobs.Smaller(ctx, image, func(layer v1.Descriptor) bool { return !done[layer.Digest] })
		return err
	})
	return manifest, err
}

// check refuses an image for another target, or one not based on the run image.
// The app's scripts ran beside the lifecycle and could have written to the
// registry.
func (b *Build) check(image v1.Image) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if got := config.OS + "/" + config.Architecture; got != b.Target.String() {
		return fmt.Errorf("the lifecycle made an image for %s, want %s", got, b.Target)
	}
	run, err := b.run.image.ConfigFile()
	if err != nil {
		return err
	}
	for i, want := range run.RootFS.DiffIDs {
		if i >= len(config.RootFS.DiffIDs) || config.RootFS.DiffIDs[i] != want {
			return fmt.Errorf("layer %d of the image is not the run image's %s", i+1, want)
		}
	}
	return b.checkLayers(image, len(config.RootFS.DiffIDs))
}

// checkSaid refuses an image with an unexpected configuration. A rebase leaves
// the configuration as it is.
func (b *Build) checkSaid(image v1.Image) error {
	if b.Rebase != nil {
		return nil
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	run, err := b.run.image.ConfigFile()
	if err != nil {
		return err
	}
	declared, err := b.declared()
	if err != nil {
		return err
	}
	return checkConfig(config, run, declared, b.builder.platformAPI)
}

// checkLayers refuses a manifest whose layers differ from the configuration's:
// both must start with the run image's.
func (b *Build) checkLayers(image v1.Image, configured int) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	if got := len(manifest.Layers); got != configured {
		return fmt.Errorf("the image has %d layers, its configuration says %d", got, configured)
	}
	run, err := b.run.image.Manifest()
	if err != nil {
		return err
	}
	for i, want := range run.Layers {
		if got := manifest.Layers[i].Digest; got != want.Digest {
			return fmt.Errorf("layer %d of the image is %s, not the run image's %s", i+1, got, want.Digest)
		}
	}
	return nil
}

// rename replaces the run image's reference in the lifecycle's label, and keeps
// every other byte of the configuration.
func rename(config []byte, was, is string) ([]byte, error) {
	from, to := inLabel(`"reference":"`+was+`"`), inLabel(`"reference":"`+is+`"`)
	if n := bytes.Count(config, from); n != 1 {
		return nil, fmt.Errorf("the label %s names the run image %d times as %s, want once", labels.Lifecycle, n, was)
	}
	return bytes.Replace(config, from, to, 1), nil
}

// inLabel encodes JSON text as it appears in a label, which is a JSON string
// itself.
func inLabel(text string) []byte {
	return bytes.TrimSuffix(bytes.TrimPrefix(asJSON(text), []byte(`"`)), []byte(`"`))
}

// blobsOf returns the digests of all blobs of an image.
func blobsOf(image v1.Image) ([]v1.Hash, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return nil, err
	}
	digests := []v1.Hash{manifest.Config.Digest}
	for _, layer := range manifest.Layers {
		digests = append(digests, layer.Digest)
	}
	return digests, nil
}
