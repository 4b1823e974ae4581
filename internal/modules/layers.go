package modules

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// relinkHelper is the program of cmd/relink, in the target's folder of the
// buildpack.
const relinkHelper = "relink"

// Keys of a layer's metadata.
const (
	keyMetadata   = "cache_sha"
	linksMetadata = "links"
)

// makeLayer makes a layer of modules, or reuses the previous build's.
func (i *installer) makeLayer(s spec) (packit.Layer, error) {
	layer, err := i.context.Layers.Get(s.layer())
	if err != nil {
		return packit.Layer{}, err
	}
	if err := i.checkLockfile(s); err != nil {
		return packit.Layer{}, err
	}
	key, fresh, err := i.reuse(s, layer)
	if err != nil {
		return packit.Layer{}, err
	}
	if fresh {
		err = i.openPrograms(s)
	} else {
		layer, err = i.makeModules(s, layer, key)
	}
	if err != nil {
		return packit.Layer{}, err
	}
	if !fresh || !s.launch {
		if err := i.configure(s, &layer); err != nil {
			return packit.Layer{}, err
		}
	}
	layer.Launch = s.launch
	layer.Build, layer.Cache = !s.launch && !s.hidden(), !s.launch
	if i.settings.sbom && !s.hidden() {
		described := i.spans.Start(spans.Task, "writing the bill of materials of "+s.layer())
		layer.SBOM = i.billOfMaterials(s, &layer)
		described()
	}
	return layer, nil
}

// reuse returns a layer's keys, and whether the restored layer has one of them. A
// launch layer is reused without its content: the lifecycle takes that from the
// previous image.
func (i *installer) reuse(s spec, layer packit.Layer) (key keys, fresh bool, err error) {
	why, ok, err := i.reusable(s)
	if err != nil {
		return keys{}, false, err
	}
	if !ok {
		if why != "" {
			i.log.Process("Not reusing layers of modules: %s", why)
		}
		return keys{}, false, nil
	}
	if key, err = i.keys(s, i.generated.digest); err != nil {
		return keys{}, false, err
	}
	if err := i.rememberApp(); err != nil {
		return keys{}, false, err
	}
	if !key.fits(s, layer) {
		return key, false, nil
	}
	if app, ok := layer.Metadata[appMetadata]; ok && app != i.digests.app {
		i.log.Process("Not reusing the layer %s: install scripts of packages may read the app's files, and these have changed", layer.Name)
		return key, false, nil
	}
	i.log.Process("Reusing cached layer %s", layer.Path)
	i.log.Break()
	return key, true, nil
}

// fits reports whether a layer has one of the keys. build-modules must exist on
// disk, too.
func (k keys) fits(s spec, layer packit.Layer) bool {
	restored := layer.Metadata[keyMetadata]
	if s.launch {
		return restored == k.own || restored == k.anyTarget
	}
	return restored == k.own && tree.Exists(layer.Path)
}

// makeModules installs modules and moves them into the layer. If that changed the
// app, too, the layer gets no key.
func (i *installer) makeModules(s spec, layer packit.Layer, key keys) (made packit.Layer, err error) {
	layer, kept, discard, err := i.setAside(s, layer)
	if err != nil {
		return packit.Layer{}, err
	}
	defer func() { err = errors.Join(err, discard()) }()
	i.log.Process("Executing %s build environment install process", strings.TrimSuffix(s.layer(), "-modules"))
	app, reusable, err := i.installWatched(s, kept)
	if err != nil {
		return packit.Layer{}, err
	}
	if !reusable {
		key = keys{}
	}
	layer.Metadata = map[string]any{keyMetadata: key.own}
	if app != "" {
		layer.Metadata[appMetadata] = app
	}
	links, err := i.fill(s, layer)
	if err != nil {
		return packit.Layer{}, err
	}
	layer.Metadata[linksMetadata] = links
	if err := s.writeNote(layer, kept.Next); err != nil {
		return packit.Layer{}, err
	}
	if s.hasHelper() {
		if err := (nodemodules.Links{Root: i.project.Dir, Launch: links}).Write(layer.Path); err != nil {
			return packit.Layer{}, err
		}
		layer.ExecD = []string{filepath.Join(i.context.CNBPath, "bin", i.target.Dashed(), relinkHelper)}
	}
	if !s.launch {
		return layer, nil
	}
	natives, err := i.finishLaunch(layer.Path)
	if err == nil && key.own != "" && i.forAnyTarget(s, natives) {
		layer.Metadata[keyMetadata], layer.Metadata[nodemodules.AnyTargetKey] = key.anyTarget, true
	}
	return layer, err
}

// installFor lets the manager install a layer's packages, and removes what a
// workspace does not need.
func (i *installer) installFor(s spec, kept *Kept) error {
	folders, err := i.selection.folders(s.dev())
	if err != nil {
		return err
	}
	part := Part{Dev: s.dev(), Scripts: s.demand.scripts, Prune: s.prunes(), Target: s.target, Host: i.host, Folders: folders, Kept: kept}
	switch {
	case !s.launch:
		part.Preparing = i.preparing
	case s.prepares(): // what it writes is in its place already
		part.Preparing = func(run func() error) error { return run() }
	}
	if i.manager.Words().FolderScripts != nil && !i.method.InApp && i.project.IsEmpty() { // without FolderScripts Install runs the project's own
		i.log.Subprocess("Nothing to install: package.json names no dependency")
		i.log.Break()
		return nil
	}
	err = i.manager.Install(part)
	if err != nil || s.dev() {
		return err
	}
	return i.keepClosure()
}

// forAnyTarget reports whether a launch layer is the same for any target: the
// lockfile has nothing for particular platforms, no script has run, and nothing in
// the layer is native.
func (i *installer) forAnyTarget(s spec, natives int) bool {
	return !s.hasHelper() && !s.dev() && i.method.Kind == Frozen && i.generated.digest == "" &&
		i.project.Lock.ForAnyTarget() && i.settings.check != checkOff && natives == 0
}

// fill moves the installed modules and the generated files into the layer. It
// returns the links into it.
func (i *installer) fill(s spec, layer packit.Layer) (links []string, err error) {
	moved := i.spans.Start(spans.Task, "putting modules into the layer "+s.layer())
	links, err = i.collect(s, layer.Path)
	moved()
	if err != nil {
		return nil, err
	}
	i.inProject = s.keeps()
	if !s.launch {
		return links, nil
	}
	if err := i.addKept(layer.Path); err != nil {
		return nil, err
	}
	return i.addGenerated(layer.Path, links)
}
