//go:build linux

package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/project"
	"github.com/armature-cnb/armature/tools/armature/internal/wholefile"
)

// verify compares the layers without the app's code of an image, and of the
// cache, with what is known of them, and returns the names of those that are
// right. What is not known yet, a build without the app's code tells, once.
func (b *Build) verify(ctx context.Context, made exported) (right []layerName, err error) {
	if b.Rebase != nil || b.seeding {
		return nil, nil
	}
	if b.declared, err = b.declaredNow(); err != nil || len(b.declared) == 0 {
		return nil, err
	}
	metadata, err := readLayersMetadata(made.image)
	if err != nil {
		return nil, err
	}
	if launcher := metadata.Launcher; launcher != nil && b.clean.Launcher != "" && launcher.SHA.String() != b.clean.Launcher {
		return nil, layerChanged("of the lifecycle's launcher")
	}
	all := cleanLayers{Declared: b.declared}
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

// declaredNow lists the layers without app code of the build's buildpacks. What
// the user put in place of the builder's own is not compared.
func (b *Build) declaredNow() ([]layerName, error) {
	if len(b.clean.Declared) > 0 {
		return b.clean.Declared, nil
	}
	return declaredLayers(b.root)
}

// reference is what is known of the layers from a build of armature's own with
// the settings of this one and what of the app's files decides on its Node.js,
// and without any program of the app. It is made once for all builds alike.
func (b *Build) reference(ctx context.Context) (known cleanLayers, err error) {
	if b.emulated() || !b.Buildpacks.Empty() {
		return known, nil // it would take as long as the build, or tell of other buildpacks
	}
	env := referenceEnv(b.Env)
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode([]any{b.runtimeFiles, env, b.Bindings, b.Network}); err != nil {
		return known, err
	}
	name := filepath.Base(b.root) + "-clean-" + hex.EncodeToString(sum.Sum(nil)[:12])
	options := b.forSeed("clean layers of " + name)
	options.Env, options.Bindings, options.Getenv = env, b.Bindings, b.Getenv
	dir, use, err := b.Home.Root(ctx, name, func(dir string) error {
		return b.Log.Step("making the layers of Node.js without the app, to compare with", func() error {
			err := b.buildClean(ctx, dir, b.runtimeFiles, options, func(clean *Build, made v1.Image) error { return clean.leaveClean(made, dir) })
			var not *notBuilt
			if errors.As(err, &not) && !not.passes {
				b.Log.Note("they cannot be made: " + err.Error())
				return nil // and are not tried again
			}
			return err
		})
	})
	var not *notBuilt
	if errors.As(err, &not) {
		b.Log.Note("they cannot be made now: " + err.Error())
		return known, nil
	}
	if err != nil {
		return known, err
	}
	defer use.Close()
	return readClean(dir)
}

// referenceEnv are the variables that may decide on a layer of Node.js: not
// those that call other scripts, other folders, or say what the image is called.
func referenceEnv(env map[string]string) map[string]string {
	kept := map[string]string{}
	for name, value := range env {
		upper := strings.ToUpper(name)
		for _, prefix := range []string{"BP_", "BPL_", "NODE_", "NPM_CONFIG_"} {
			if strings.HasPrefix(upper, prefix) {
				kept[name] = value
			}
		}
	}
	maps.DeleteFunc(kept, func(name, _ string) bool {
		return name == "BP_IMAGE_LABELS" || strings.HasPrefix(name, "BP_OCI_") || name == project.PathVariable
	})
	kept["BP_NODE_RUN_SCRIPTS"] = "none"
	kept["BP_NODE_START_CHECK"] = "off" // nothing starts it, and what the start script needs is not there
	return kept
}

// verifiedFile says which layers of the image that a build left are right.
const verifiedFile = "verified.json"

// leaveVerified writes it, for the image with this manifest.
func (b *Build) leaveVerified(manifest []byte, right []layerName) error {
	digest := sha256.Sum256(manifest)
	text, err := json.Marshal(verified{hex.EncodeToString(digest[:]), right})
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(filepath.Join(b.kept.Dir, verifiedFile), text)
}

type verified struct {
	Manifest string      `json:"manifest"` // sha256, in hexadecimal
	Layers   []layerName `json:"layers"`
}

// withoutUnverified is the image of the build before, without those layers that
// hold nothing of the app and were not compared: as an older armature leaves
// them, or where there was nothing to compare with.
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
	if text, err := os.ReadFile(filepath.Join(b.kept.Dir, verifiedFile)); err == nil && json.Unmarshal(text, &was) != nil {
		was = verified{}
	}
	if digest := sha256.Sum256(manifest); was.Manifest != hex.EncodeToString(digest[:]) {
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
	text, err := b.blobs.Store(rest, b.blobs)
	if err != nil {
		return nil, err
	}
	return b.blobs.Image(text)
}
