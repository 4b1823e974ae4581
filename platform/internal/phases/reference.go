//go:build linux

package phases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// reference returns the clean layers of a build of armature's own app, with this
// build's settings and the app's files that decide on its Node.js, without any
// program of the app. It is built once for all builds with the same input; a
// build without network, which could not download Node.js, uses that of builds
// with one.
func (b *Build) reference(ctx context.Context) (known cleanLayers, err error) {
	if b.emulated() || !b.Buildpacks.Empty() {
		return known, nil // it would take as long as the build, or have other buildpacks
	}
	env := referenceEnv(b.Env)
	if b.Network != sandbox.Host {
		dir, use, err := b.Home.Root(ctx, b.referenceName(env, sandbox.Host), func(string) error { return errNoReference })
		if err == nil {
			defer use.Close()
			return readClean(dir)
		}
		if !errors.Is(err, errNoReference) {
			return known, err
		}
	}
	name := b.referenceName(env, b.Network)
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

// errNoReference stops Home.Root from making a reference.
var errNoReference = errors.New("there is none")

// referenceName returns the name of a reference's folder beside the builder's.
func (b *Build) referenceName(env map[string]string, network sandbox.Network) string {
	sum := sha256.Sum256(asJSON([]any{b.runtimeFiles, env, b.Bindings, network}))
	return filepath.Base(b.root) + "-clean-" + hex.EncodeToString(sum[:12])
}

// referenceEnv returns the variables that may affect a layer of Node.js: not
// those that select scripts or folders, or name the image.
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
		return name == settings.LaunchPoint || name == settings.StaticRoot || name == settings.ImageLabels || strings.HasPrefix(name, "BP_OCI_") || name == settings.ProjectPath
	})
	kept[settings.RunScripts] = "none"
	kept[settings.StartCheck] = "off" // nothing starts it, and the start script's files are missing
	return kept
}
