package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// part is one layer of modules that is to be made.
type part struct {
	layer  string
	dev    bool           // with devDependencies
	target targets.Target // whose native modules
	keep   bool           // leaves the modules in the project, for scripts or another part
	prune  bool           // takes devDependencies out of vendored modules
	relink bool           // needs the helper that leads the links there at launch
	hidden bool           // is of no concern to later buildpacks
}

// relinkHelper is the program of cmd/relink, in the buildpack's folder of the
// target.
const relinkHelper = "relink"

// Keys of a layer's metadata.
const (
	keyMetadata       = "cache_sha"
	linksMetadata     = "links"
	anyTargetMetadata = "any-target" // the layer is the same for every target: a platform that builds for several may begin with it
)

// modules makes a layer of modules, or reuses the one of the build before.
func (b *build) modules(p part) (packit.Layer, error) {
	layer, err := b.context.Layers.Get(p.layer)
	if err != nil {
		return packit.Layer{}, err
	}
	if err := b.checkLockfile(p); err != nil {
		return packit.Layer{}, err
	}
	key, fresh, err := b.reuse(p, layer)
	if err != nil {
		return packit.Layer{}, err
	}
	if !fresh {
		var reusable bool
		if layer, reusable, err = b.makeModules(p, layer); err != nil {
			return packit.Layer{}, err
		}
		if !reusable {
			key = keys{}
		}
		layer.Metadata[keyMetadata] = key.own
		if b.forAnyTarget(p, key) {
			layer.Metadata[keyMetadata], layer.Metadata[anyTargetMetadata] = key.anyTarget, true
		}
	}
	if !fresh || p.layer == buildLayer {
		if err := b.configure(p, &layer); err != nil {
			return packit.Layer{}, err
		}
	}
	layer.Launch = p.layer == launchLayer
	layer.Build, layer.Cache = p.layer == buildLayer && !p.hidden, p.layer == buildLayer
	if b.sbom && !p.hidden {
		described := b.spans.Start(spans.Task, "writing the bill of materials of "+p.layer)
		layer.SBOM = b.billOfMaterials(p, &layer)
		described()
	}
	return layer, nil
}

// forAnyTarget says whether a launch layer came out as it would for any other
// target: the lockfile names nothing that depends on it, no script has run, and
// nothing in the layer is native.
func (b *build) forAnyTarget(p part, key keys) bool {
	return p.layer == launchLayer && !p.relink && key.own != "" && b.process == processCI && b.generated.digest == "" &&
		b.lock.ForAnyTarget() && b.check != "off" && b.natives == 0
}

// reuse returns the keys of a layer, and whether the layer that was restored
// has one of them. A launch layer is reused without its content: the lifecycle
// takes that from the previous image.
func (b *build) reuse(p part, layer packit.Layer) (key keys, fresh bool, err error) {
	why, ok, err := b.reusable(p)
	if err != nil {
		return keys{}, false, err
	}
	if !ok {
		if why != "" {
			b.log.Process("Not reusing layers of modules: %s", why)
		}
		return keys{}, false, nil
	}
	if key, err = b.keys(p); err != nil {
		return keys{}, false, err
	}
	if err := b.rememberApp(); err != nil {
		return keys{}, false, err
	}
	if restored := layer.Metadata[keyMetadata]; restored != key.own && (restored != key.anyTarget || p.layer != launchLayer) {
		return key, false, nil
	}
	if p.layer == buildLayer {
		if _, err := os.Stat(layer.Path); err != nil {
			return key, false, nil
		}
	}
	if app, ok := layer.Metadata[appMetadata]; ok && app != b.app {
		b.log.Process("Not reusing the layer %s: install scripts of packages may read the app's files, and these have changed", layer.Name)
		return key, false, nil
	}
	b.log.Process("Reusing cached layer %s", layer.Path)
	b.log.Break()
	return key, true, nil
}

// makeModules installs and moves what npm made into the layer. Reusable is
// false for a layer whose making changed the app, too.
func (b *build) makeModules(p part, layer packit.Layer) (made packit.Layer, reusable bool, err error) {
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, false, err
	}
	b.log.Process("Executing %s build environment install process", strings.TrimSuffix(p.layer, "-modules"))
	app, reusable, err := b.runWatched(p)
	if err != nil {
		return packit.Layer{}, false, err
	}
	layer.Metadata = map[string]any{}
	if app != "" {
		layer.Metadata[appMetadata] = app
	}
	layer, err = b.fill(p, layer)
	return layer, reusable, err
}

// fill moves what npm made into the layer.
func (b *build) fill(p part, layer packit.Layer) (packit.Layer, error) {
	if err := b.hideCredentials(); err != nil {
		return packit.Layer{}, err
	}
	moved := b.spans.Start(spans.Task, "putting modules into the layer "+p.layer)
	links, err := b.collect(p, layer.Path)
	moved()
	if err != nil {
		return packit.Layer{}, err
	}
	b.unfolded = p.keep
	if p.layer == launchLayer {
		if links, err = b.addGenerated(layer.Path, links); err != nil {
			return packit.Layer{}, err
		}
	}
	layer.Metadata[linksMetadata] = links
	if p.relink {
		if err := (nodemodules.Links{Root: b.dir, Launch: links}).Write(layer.Path); err != nil {
			return packit.Layer{}, err
		}
		layer.ExecD = []string{filepath.Join(b.context.CNBPath, "bin", b.target.Dashed(), relinkHelper)}
	}
	if p.layer == launchLayer {
		return layer, b.finishLaunch(layer.Path)
	}
	return layer, nil
}

// collect moves the project's node_modules into the layer, and those of the
// folders that its links lead to. It returns the places of all, relative to
// the project.
func (b *build) collect(p part, layerDir string) ([]string, error) {
	places := []string{}
	todo := []string{nodemodules.Dir}
	seen := map[string]bool{nodemodules.Dir: true}
	for len(todo) > 0 {
		place := todo[0]
		todo = todo[1:]
		from, to := filepath.Join(b.dir, place), filepath.Join(layerDir, place)
		if info, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		linked, err := tree.AnchorLinks(from)
		if err != nil {
			return nil, err
		}
		for _, folder := range linked {
			rel, err := filepath.Rel(b.dir, filepath.Join(folder, nodemodules.Dir))
			if err == nil && !strings.HasPrefix(rel, "..") && !seen[rel] {
				seen[rel] = true
				todo = append(todo, rel)
			}
		}
		if err := b.place(p, from, to); err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	if len(places) == 0 || places[0] != nodemodules.Dir {
		// Nothing to install: an empty folder, so that the link leads somewhere.
		if err := os.Mkdir(filepath.Join(layerDir, nodemodules.Dir), 0o755); err != nil {
			return nil, err
		}
		places = append([]string{nodemodules.Dir}, places...)
	}
	sort.Strings(places)
	return places, nil
}

func (b *build) place(p part, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("making a folder in the layer %s: %w", p.layer, err)
	}
	if p.keep {
		return tree.Copy(from, to)
	}
	if err := tree.Move(from, to); err != nil {
		return fmt.Errorf("moving modules into the layer %s: %w", p.layer, err)
	}
	return nil
}

// finishLaunch takes the tools' caches, what compiling needed and what is for
// other platforms out of the layer, and looks at the native modules.
func (b *build) finishLaunch(layerDir string) error {
	if !b.keepCache {
		if err := tree.Remove(filepath.Join(layerDir, nodemodules.Dir, cacheFolder)); err != nil {
			return fmt.Errorf("removing node_modules/.cache: %w", err)
		}
	}
	if err := native.RemoveObjects(layerDir); err != nil {
		return err
	}
	if err := native.RemoveForeignPrebuilds(layerDir, b.target); err != nil {
		return err
	}
	defer b.spans.Start(spans.Task, "checking native files")()
	return b.checkNative(layerDir)
}

// configure gives a layer its environment, in place of any that was restored.
func (b *build) configure(p part, layer *packit.Layer) error {
	if p.layer == launchLayer {
		layer.LaunchEnv = b.launchEnvironment(*layer)
		return nil
	}
	if err := os.RemoveAll(filepath.Join(layer.Path, "env.build")); err != nil {
		return fmt.Errorf("removing the environment of the build before: %w", err)
	}
	layer.BuildEnv = packit.Environment{}
	if p.hidden {
		return nil
	}
	if b.globalConfig != "" {
		layer.BuildEnv.Default(globalConfigVariable, b.globalConfig)
	}
	layer.BuildEnv.Append("PATH", b.commands(*layer), ":")
	if !choosesDependencies(b.env) {
		layer.BuildEnv.Default("NPM_CONFIG_INCLUDE", "dev") // whatever NODE_ENV is, npm has what is installed here
	}
	return nil
}

// commands are the folders of a layer that have the modules' commands, as in
// PATH: of a workspace its own go first.
func (b *build) commands(layer packit.Layer) string {
	bins := filepath.Join(layer.Path, nodemodules.Dir, ".bin")
	if own := filepath.Join(b.workspace, nodemodules.Dir); b.workspace != "" && slices.Contains(linksOf(layer), own) {
		bins = filepath.Join(layer.Path, own, ".bin") + ":" + bins
	}
	return bins
}

// linksOf are the links into a layer, as its metadata has them.
func linksOf(layer packit.Layer) []string {
	switch links := layer.Metadata[linksMetadata].(type) {
	case []string:
		return links
	case []any:
		var all []string
		for _, link := range links {
			if text, ok := link.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return []string{nodemodules.Dir}
}
