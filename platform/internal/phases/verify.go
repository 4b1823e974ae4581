//go:build linux

package phases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// verify compares the layers without app code, in the image and the cache, with
// the known ones, and returns the names of the verified ones. For an unknown
// layer it makes a reference build, once.
func (b *Build) verify(ctx context.Context, made exported) (right []layerName, err error) {
	if b.Rebase != nil || b.seeding {
		return nil, nil
	}
	declared, err := b.declaredNow()
	if err != nil || len(declared) == 0 {
		return nil, err
	}
	metadata, err := readLayersMetadata(made.image)
	if err != nil {
		return nil, err
	}
	if launcher := metadata.Launcher; launcher != nil && b.clean.Launcher != "" && launcher.SHA != b.clean.Launcher {
		return nil, layerChanged("of the lifecycle's launcher")
	}
	all := cleanLayers{Declared: declared}
	launched, err := all.of(metadata.Buildpacks)
	if err != nil {
		return nil, err
	}
	cached, err := b.cachedLayers(made.cache)
	if err != nil {
		return nil, err
	}
	kept, err := all.of(cached)
	if err != nil || len(launched)+len(kept) == 0 {
		return nil, err
	}
	known := []cleanLayers{b.clean}
	if isUnknown := func(layer cleanLayer) bool { same, changed := b.clean.compare(layer); return !same && !changed }; slices.ContainsFunc(append(slices.Clone(launched), kept...), isUnknown) {
		more, err := b.reference(ctx)
		if err != nil {
			return nil, err
		}
		known = append(known, more)
	}
	for _, layer := range launched {
		same, changed := compareWithAll(known, layer)
		if changed {
			return nil, layerChanged(layer.Name)
		}
		if same {
			right = append(right, layer.Name)
		}
	}
	return right, b.dropFromCache(kept, known)
}

func compareWithAll(known []cleanLayers, layer cleanLayer) (same, changed bool) {
	for _, one := range known {
		s, c := one.compare(layer)
		same, changed = same || s, changed || c
	}
	return same, changed && !same
}

// declaredNow lists the declared layers of the build's buildpacks. Buildpacks
// that the user put in place of the builder's are not compared.
func (b *Build) declaredNow() ([]layerName, error) {
	if len(b.clean.Declared) > 0 {
		return b.clean.Declared, nil
	}
	return declaredLayers(b.root)
}

// verifiedFile lists the verified layers of the image in the build's folder.
const verifiedFile = "verified.json"

// leaveVerified writes it, for the image with this manifest.
func (b *Build) leaveVerified(manifest []byte, right []layerName) error {
	digest := sha256.Sum256(manifest)
	return wholefile.WriteBytes(filepath.Join(b.kept.Dir, verifiedFile), asJSON(verified{hex.EncodeToString(digest[:]), right}))
}

type verified struct {
	Manifest string      `json:"manifest"` // sha256, in hexadecimal
	Layers   []layerName `json:"layers"`
}

// withoutUnverified returns the previous image without unverified layers that
// hold no app code: an older armature left them, or there was no reference.
func (b *Build) withoutUnverified(image v1.Image) (v1.Image, error) {
	declared, err := b.declaredNow()
	if err != nil || len(declared) == 0 {
		return image, err
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return nil, err
	}
	var was verified
	text, err := os.ReadFile(filepath.Join(b.kept.Dir, verifiedFile))
	if digest := sha256.Sum256(manifest); err != nil || json.Unmarshal(text, &was) != nil || was.Manifest != hex.EncodeToString(digest[:]) {
		was = verified{}
	}
	missing := false
	metadata, layers, err := layersOf(image, func(layer layerName, _ json.RawMessage) bool {
		unverified := slices.Contains(declared, layer) && !slices.Contains(was.Layers, layer)
		missing = missing || unverified
		return !unverified
	})
	if err != nil || !missing {
		return image, err
	}
	if layers, err = withLauncher(image, &metadata, layers); err != nil {
		return nil, err
	}
	rest, err := imageOf(b.Target, metadata, layers)
	if err != nil {
		return nil, err
	}
	stored, err := b.blobs.Store(rest, b.blobs)
	if err != nil {
		return nil, err
	}
	return b.blobs.Image(stored)
}
