package npminstall

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/sbom"
)

// billOfMaterials lists what a layer of modules holds: from the lockfile where
// there is one, and of vendored modules from the package.json of each. What it
// cannot say it leaves out, with a warning: nothing is wrong with the app.
func (b *build) billOfMaterials(p part, layer *packit.Layer) packit.SBOMFormatter {
	document := sbom.Document{Name: b.pkg.Name, Version: b.pkg.Version}
	lock, found, err := npmlock.Read(b.dir)
	if err == nil && found && b.process != processRebuild {
		document.Components, err = b.lockedComponents(lock, p, layer)
	} else if err == nil {
		document.Components, err = b.installedComponents(p)
	}
	document, said := document.Settled()
	if err != nil {
		said = append([]string{err.Error()}, said...)
	}
	b.warnOfBill(p, said)
	return document.Formatter()
}

// warnOfBill says what a bill of materials lacks, or has more than once.
func (b *build) warnOfBill(p part, said []string) {
	const most = 5
	if len(said) == 0 {
		return
	}
	b.log.Process("WARNING: the bill of materials of %s is not as it should be", p.layer)
	for _, line := range said[:min(len(said), most)] {
		b.log.Subprocess("%s", line)
	}
	if more := len(said) - most; more > 0 {
		b.log.Subprocess("and %d more", more)
	}
	b.log.Break()
}

func (b *build) lockedComponents(lock deps.Graph, p part, layer *packit.Layer) ([]sbom.Component, error) {
	installed, err := b.installed(p)
	if err != nil {
		return nil, err
	}
	manifests := b.rememberedManifests(layer)
	var all []sbom.Component
	for _, locked := range lock.Packages {
		if !installed(locked.Path) || locked.Link || !locked.InNodeModules() || locked.Dev && !p.dev || !locked.RunsOn(deps.PlatformOf(p.target)) {
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

// component is false for what has no name or no version, as a link has none.
func component(p deps.Package) (sbom.Component, bool) {
	version, from := p.Version, p.Source
	if version == "" {
		version = from.Commit
	}
	if p.Name == "" || version == "" {
		return sbom.Component{}, false
	}
	c := sbom.Component{Type: sbom.Library, Name: p.Name, Version: version, PURL: sbom.NPMPURL(p.Name, version), Development: p.Dev, Checksums: checksums(p.Integrity)}
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

// checksums turns subresource integrity, "sha512-<base64>", into digits.
func checksums(integrity string) map[string]string {
	sums := map[string]string{}
	for _, one := range strings.Fields(integrity) {
		algorithm, encoded, _ := strings.Cut(one, "-")
		encoded, _, _ = strings.Cut(encoded, "?") // options
		if digest, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(digest) > 0 {
			sums[algorithm] = hex.EncodeToString(digest)
		}
	}
	return sums
}

// installedComponents reads the package.json of every package in the layer,
// or, when the layer is reused without its content, of the vendored modules
// that it was made from. Where a package comes from, the lockfile says that npm
// keeps among the modules.
func (b *build) installedComponents(p part) ([]sbom.Component, error) {
	root := filepath.Join(b.context.Layers.Path, p.layer)
	if !tree.Exists(filepath.Join(root, nodemodules.Dir)) {
		root = b.dir
	}
	dir := filepath.Join(root, nodemodules.Dir)
	var lock deps.Graph
	if text, err := regular.ReadFile(filepath.Join(dir, hiddenLockfile)); err == nil {
		lock, _ = npmlock.Parse(text) // without it, all are the registry's
	}
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

// isPackageDir tells whether a folder below a node_modules is a package's: it
// stands right in a node_modules, or in a scope there.
func isPackageDir(modules, dir string) bool {
	parent := filepath.Dir(dir)
	if strings.HasPrefix(filepath.Base(parent), "@") {
		parent = filepath.Dir(parent)
	}
	return parent == modules || filepath.Base(parent) == nodemodules.Dir
}
