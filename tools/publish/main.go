// Command publish pushes OCI layouts to a registry: a builder as one index
// with a manifest per host, a run image as one manifest.
//
//	publish build/builder/…/linux-arm64=registry.example.com/armature/builder:arm64 …
//
// It uses the credentials of docker login.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("publish", run) }

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("want one or more LAYOUT=REFERENCE")
	}
	for _, pair := range flags.Args() {
		dir, reference, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("got %q, want LAYOUT=REFERENCE", pair)
		}
		err := step.Do(log, "pushing "+reference, func() error { return push(ctx, dir, reference) })
		if err != nil {
			return err
		}
	}
	return nil
}

// push writes a layout's only manifest under the reference, or its whole
// index when it has several.
func push(ctx context.Context, dir, reference string) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	index, err := oci.ReadIndex(dir)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	only, err := onlyImage(index)
	if err != nil {
		return err
	}
	if only != nil {
		if err := checkMediaTypes(only); err != nil {
			return fmt.Errorf("checking the image of %s: %w", dir, err)
		}
		return remote.Write(ref, only, options...)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, one := range manifest.Manifests {
		image, err := index.Image(one.Digest)
		if err != nil {
			return err
		}
		if err := checkMediaTypes(image); err != nil {
			return fmt.Errorf("checking the image %s of %s: %w", one.Digest, dir, err)
		}
	}
	return remote.WriteIndex(ref, index, options...)
}

// onlyImage returns the image of an index with a single manifest, and nil for
// any other. A run image must be published as a plain manifest: from an index,
// platforms silently select their own architecture.
func onlyImage(index v1.ImageIndex) (v1.Image, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, nil
	}
	return index.Image(manifest.Manifests[0].Digest)
}

// checkMediaTypes rejects an image that mixes OCI's and Docker's media types:
// not every registry and engine accepts it.
func checkMediaTypes(image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON {
		return fmt.Errorf("got a manifest of type %s with a configuration of type %s, want OCI's: make it anew", manifest.MediaType, manifest.Config.MediaType)
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType != types.OCILayer {
			return fmt.Errorf("got the layer %s of type %s, want %s: make it anew", layer.Digest, layer.MediaType, types.OCILayer)
		}
	}
	return nil
}
