package modules

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/sbom"
)

// billOfMaterials lists the packages of a layer of modules: from the lockfile, or
// for vendored modules from the package.json of each. It leaves out what it cannot
// determine, with a warning: the app itself is fine.
func (e *engine) billOfMaterials(s spec, layer *packit.Layer) packit.SBOMFormatter {
	document := sbom.Document{Name: e.project.Package.Name, Version: e.project.Package.Version}
	lock, found, err := e.manager.ReadLock(e.project.Dir)
	if err == nil && found && e.method.Kind != Vendored {
		document.Components, err = e.lockedComponents(lock, s, layer)
	} else if err == nil {
		document.Components, err = e.installedComponents(s)
	}
	document, said := document.Settled()
	if err != nil {
		said = append([]string{err.Error()}, said...)
	}
	e.warnOfBill(s, said)
	return document.Formatter()
}

// warnOfBill warns of missing and duplicate entries in a bill of materials.
func (e *engine) warnOfBill(s spec, said []string) {
	const most = 5
	if len(said) == 0 {
		return
	}
	e.log.Process("WARNING: the bill of materials of %s is not as it should be", s.layer())
	for _, line := range said[:min(len(said), most)] {
		e.log.Subprocess("%s", line)
	}
	if more := len(said) - most; more > 0 {
		e.log.Subprocess("and %d more", more)
	}
	e.log.Break()
}

func (e *engine) lockedComponents(lock deps.Graph, s spec, layer *packit.Layer) ([]sbom.Component, error) {
	installed, err := e.selection.installed(s.dev())
	if err != nil {
		return nil, err
	}
	manifests := e.rememberedManifests(layer)
	if lock.Virtual {
		if err := manifests.find(); err != nil {
			return nil, err
		}
	}
	var all []sbom.Component
	for _, locked := range lock.Packages {
		if !installed(locked.Path) || locked.Link || !locked.InNodeModules() || locked.Dev && !s.dev() && !s.hasKept(locked.Path) || !locked.RunsOn(deps.PlatformOf(s.target)) {
			continue
		}
		if manifests.isAbsent(locked) {
			continue
		}
		if locked.License == "" || locked.Version == "" {
			manifests.complete(&locked)
		}
		if component, ok := component(locked); ok {
			all = append(all, component)
		}
	}
	manifests.keep()
	return all, nil
}

// component is false for a package without a name or version, such as a link.
func component(p deps.Package) (sbom.Component, bool) {
	version, from := p.Version, p.Source
	if version == "" {
		version = from.Commit
	}
	if p.Name == "" || version == "" {
		return sbom.Component{}, false
	}
	c := sbom.Component{Type: sbom.Library, Name: p.Name, Version: version, PURL: sbom.NPMPURL(p.Name, version), Development: p.Dev, Checksums: p.Checksums()}
	if p.License != "" {
		c.Licenses = []string{p.License}
	}
	switch from.Kind {
	case deps.FromGit:
		at := from.Address
		if from.Commit != "" {
			at += "@" + from.Commit
		}
		c.PURL = sbom.WithQualifiers(c.PURL, map[string]string{"vcs_url": at})
	case deps.FromArchive, deps.FromFile:
		c.PURL = sbom.WithQualifiers(c.PURL, map[string]string{"download_url": from.Address, "checksum": sbom.Checksum(c.Checksums)})
	}
	return c, true
}

// installedComponents reads the package.json of every package in the layer or, if
// the layer is reused without its content, of the vendored modules that it was made
// from. The manager's record in node_modules may have the packages' sources.
func (e *engine) installedComponents(s spec) ([]sbom.Component, error) {
	root := filepath.Join(e.context.Layers.Path, s.layer())
	if !tree.Exists(filepath.Join(root, nodemodules.Dir)) {
		root = e.project.Dir
	}
	dir := filepath.Join(root, nodemodules.Dir)
	lock, _ := e.manager.ReadInstalled(root) // without a record, all are the registry's
	locked := map[string]deps.Package{}
	for _, one := range lock.Packages {
		locked[one.Path] = one
	}
	var all []sbom.Component
	var failed error
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			failed = err // the rest is described
			return nil
		}
		if entry.Name() != packagejson.FileName || !entry.Type().IsRegular() || !isPackageDir(dir, filepath.Dir(path)) {
			return nil
		}
		one := deps.Package{Path: strings.TrimPrefix(filepath.Dir(path), root+"/")}
		manifest := readManifest(path)
		from, known := locked[one.Path]
		if one.Name, one.Version, one.License = manifest.Name, manifest.Version, manifest.License; known && from.Name == one.Name && from.Version == one.Version {
			one.Integrity, one.Source = from.Integrity, from.Source
		}
		if c, ok := component(one); ok {
			all = append(all, c)
		}
		return nil
	})
	return all, errors.Join(err, failed)
}

// isPackageDir reports whether a folder below a node_modules is a package's:
// directly in a node_modules, or in a scope there.
func isPackageDir(modules, dir string) bool {
	parent := filepath.Dir(dir)
	if strings.HasPrefix(filepath.Base(parent), "@") {
		parent = filepath.Dir(parent)
	}
	return parent == modules || filepath.Base(parent) == nodemodules.Dir
}

// eachManifest calls do for the package.json of every package below a layer, with
// its folder relative to the layer. A layer that is not on disk has none.
func eachManifest(layerDir string, do func(folder string, found manifest)) error {
	return tree.Files(layerDir, func(file string) error {
		folder, err := filepath.Rel(layerDir, filepath.Dir(file))
		if err == nil && filepath.Base(file) == packagejson.FileName && isPackageDir("", folder) {
			do(folder, readManifest(file))
		}
		return err
	})
}
