package npminstall

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/lockfile"
	"github.com/armature-cnb/armature/internal/nodemodules"
	"github.com/armature-cnb/armature/internal/packagejson"
	"github.com/armature-cnb/armature/internal/sbom"
)

// billOfMaterials lists what a layer of modules holds: from the lockfile where
// there is one, and of vendored modules from the package.json of each.
func (b *build) billOfMaterials(p part) (packit.SBOMFormatter, error) {
	document := sbom.Document{Name: b.pkg.Name, Version: b.pkg.Version}
	if document.Name == "" {
		document.Name = "app"
	}
	lock, found, err := lockfile.Read(b.dir)
	if err != nil {
		return nil, err
	}
	if found && b.process != processRebuild {
		document.Components, err = b.lockedComponents(lock, p)
	} else if document.Components, err = b.installedComponents(p); err != nil {
		err = fmt.Errorf("listing the modules of the layer %s: %w", p.layer, err)
	}
	if err != nil {
		return nil, err
	}
	if err := document.Validate(); err != nil {
		return nil, err
	}
	return document.Formatter(), nil
}

func (b *build) lockedComponents(lock lockfile.Lock, p part) ([]sbom.Component, error) {
	installed, err := b.installed(p)
	if err != nil {
		return nil, err
	}
	var all []sbom.Component
	for _, locked := range lock.Packages {
		if !installed(locked.Path) || locked.Link || !locked.InNodeModules() || locked.Dev && !p.dev || !locked.RunsOn(p.target.OS, p.target.Node(), libc) {
			continue
		}
		component, ok := component(locked.Name, locked.Version, locked.License)
		if !ok {
			continue
		}
		component.Development = locked.Dev
		component.Checksums = checksums(locked.Integrity)
		all = append(all, component)
	}
	return all, nil
}

// component is false for what has no name or no version, as a link has none.
func component(name, version, license string) (sbom.Component, bool) {
	if name == "" || version == "" {
		return sbom.Component{}, false
	}
	c := sbom.Component{Type: sbom.Library, Name: name, Version: version, PURL: sbom.NPMPURL(name, version)}
	if license != "" {
		c.Licenses = []string{license}
	}
	return c, true
}

// checksums turns subresource integrity, "sha512-<base64>", into digits.
func checksums(integrity string) map[string]string {
	sums := map[string]string{}
	for _, one := range strings.Fields(integrity) {
		algorithm, encoded, _ := strings.Cut(one, "-")
		if digest, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(digest) > 0 {
			sums[algorithm] = hex.EncodeToString(digest)
		}
	}
	return sums
}

// installedComponents reads the package.json of every package in the layer,
// or, when the layer is reused without its content, of the vendored modules
// that it was made from.
func (b *build) installedComponents(p part) ([]sbom.Component, error) {
	dir := filepath.Join(b.context.Layers.Path, p.layer, nodemodules.Dir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		dir = filepath.Join(b.dir, nodemodules.Dir)
	}
	var all []sbom.Component
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != packagejson.FileName || !isPackageDir(dir, filepath.Dir(path)) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var manifest struct{ Name, Version, License string }
		if json.Unmarshal(text, &manifest) != nil {
			manifest.License = "" // old ones have objects there
		}
		if c, ok := component(manifest.Name, manifest.Version, manifest.License); ok {
			all = append(all, c)
		}
		return nil
	})
	return all, err
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
