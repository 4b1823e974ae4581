package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/npmconfig"
	"github.com/armature-cnb/armature/internal/packagejson"
)

// npmLayer is the name of the layer that holds an npm of the app's choice, for
// the build. Its bin folder goes before node-engine's on the PATH.
const npmLayer = "npm"

// npmVersionVariable names the version of npm to install with.
const npmVersionVariable = "BP_NPM_VERSION"

// specMetadata is the key in that layer's metadata for what was asked for.
const specMetadata = "spec"

// npmWish is the version of npm that the app asks for, and where it does.
type npmWish struct{ spec, source string }

// wishedNPM reads BP_NPM_VERSION, and then packageManager of package.json,
// which names an exact version and may have a digest behind a plus sign. Other
// package managers there are of no concern.
func wishedNPM(env Environ, pkg packagejson.Package) npmWish {
	if spec := env.Get(npmVersionVariable); spec != "" {
		return npmWish{spec: spec, source: npmVersionVariable}
	}
	if spec, ok := strings.CutPrefix(pkg.PackageManager, "npm@"); ok {
		spec, _, _ = strings.Cut(spec, "+")
		return npmWish{spec: spec, source: packagejson.FileName + ": packageManager"}
	}
	return npmWish{}
}

// chooseNPM puts the npm that the app asks for in place of the one that was
// found. The project's files take no part in that and are not changed.
func (b *build) chooseNPM() (layers []packit.Layer, err error) {
	wish := wishedNPM(b.env, b.pkg)
	if wish.spec == "" || wish.spec == b.npm.versions.NPM {
		return nil, nil
	}
	b.log.Process("Choosing npm %s (%s) in place of %s", wish.spec, wish.source, b.npm.versions.NPM)
	layer, err := b.context.Layers.Get(npmLayer)
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(layer.Path, "bin")
	if b.keepsNPM(layer, wish) {
		b.log.Subprocess("Reusing cached layer %s", layer.Path)
		b.log.Break()
	} else if layer, err = b.installNPM(layer, wish); err != nil {
		return nil, err
	}
	if err := b.nameRegistry(filepath.Join(layer.Path, "node_modules", "npm")); err != nil {
		return nil, err
	}
	layer.Build, layer.Cache = true, true
	b.env = b.env.With("PATH", bin+":"+b.env.Get("PATH"))
	b.npm, err = newNPM(b.npm.env.With("PATH", b.env.Get("PATH")), b.log, b.npm.cacheDir, b.context.Layers.Path)
	return []packit.Layer{layer}, err
}

// nameRegistry tells an npm of the app's choice the registry of last resort,
// in its built-in configuration, as node-engine does for the one that comes
// with Node.js.
func (b *build) nameRegistry(npm string) error {
	registry, err := npmconfig.BuiltinRegistry(b.env.Get)
	if err != nil {
		return err
	}
	path := filepath.Join(npm, "npmrc")
	if registry == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return os.WriteFile(path, []byte(npmconfig.BuiltinLine(registry)), 0o644)
}

// keepsNPM is true for a layer of the same exact version. A range may mean
// another version by now.
func (b *build) keepsNPM(layer packit.Layer, wish npmWish) bool {
	if _, err := semver.StrictNewVersion(wish.spec); err != nil || layer.Metadata[specMetadata] != wish.spec {
		return false
	}
	_, err := os.Stat(filepath.Join(layer.Path, "bin", "npm"))
	return err == nil
}

func (b *build) installNPM(layer packit.Layer, wish npmWish) (packit.Layer, error) {
	layer, err := layer.Reset()
	if err != nil {
		return packit.Layer{}, err
	}
	if err := b.npm.run(layer.Path, "install", "--prefix", layer.Path, "--no-save", "--ignore-scripts", "npm@"+wish.spec); err != nil {
		return packit.Layer{}, err
	}
	bin := filepath.Join(layer.Path, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return packit.Layer{}, err
	}
	for _, name := range []string{"npm", "npx"} {
		program := filepath.Join("..", "node_modules", "npm", "bin", name+"-cli.js")
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			return packit.Layer{}, fmt.Errorf("installing npm %s: it has no %s: %w", wish.spec, name, err)
		}
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			return packit.Layer{}, fmt.Errorf("linking %s: %w", name, err)
		}
	}
	layer.Metadata = map[string]any{specMetadata: wish.spec}
	return layer, nil
}
