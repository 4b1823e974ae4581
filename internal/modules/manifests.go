package modules

import (
	"encoding/json"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// manifest holds fields of a package.json.
type manifest struct{ Name, Version, License string }

// readManifest reads what is valid in a package.json. It allows a byte order mark,
// as npm does.
func readManifest(path string) manifest {
	text, _ := regular.ReadFile(path)
	text, _ = textfile.Decode(text)
	var raw struct {
		Name, Version json.RawMessage
		License       json.RawMessage
	}
	_ = json.Unmarshal(text, &raw) // leaves raw empty if it is invalid
	var m manifest
	for into, from := range map[*string]json.RawMessage{&m.Name: raw.Name, &m.Version: raw.Version, &m.License: raw.License} {
		_ = json.Unmarshal(from, into) // old packages have objects for a license
	}
	if m.License == "" {
		var object struct{ Type string }
		_ = json.Unmarshal(raw.License, &object)
		m.License = object.Type
	}
	return m
}

// Layer metadata keys for fields of package.json that the lockfile lacks, by the
// package's path, so that a layer that is reused without its content has the same
// bill of materials.
const (
	licensesMetadata = "licenses"
	versionsMetadata = "versions"
	absentMetadata   = "absent" // optional packages that are not installed, for a lockfile without platforms
)

// manifests reads the package.json files of a layer's packages.
type manifests struct {
	layer              *packit.Layer
	licenses, versions map[string]any
	absent             map[string]any
	folders            map[string]string // by "name@version", for a lockfile without folders; nil for any other
}

func (e *engine) rememberedManifests(layer *packit.Layer) *manifests {
	m := &manifests{layer: layer}
	m.licenses, _ = layer.Metadata[licensesMetadata].(map[string]any)
	m.versions, _ = layer.Metadata[versionsMetadata].(map[string]any)
	m.absent, _ = layer.Metadata[absentMetadata].(map[string]any)
	for _, known := range []*map[string]any{&m.licenses, &m.versions, &m.absent} {
		if *known == nil {
			*known = map[string]any{}
		}
	}
	return m
}

// complete adds the fields that the lockfile lacks.
func (m *manifests) complete(p *deps.Package) {
	if !filepath.IsLocal(p.Path) {
		return
	}
	folder := p.Path
	if m.folders != nil {
		folder = m.folders[p.Name+"@"+p.Version]
	}
	found := readManifest(filepath.Join(m.layer.Path, folder, packagejson.FileName))
	for _, one := range []struct {
		says  string
		known map[string]any
		lacks bool
		into  *string
	}{
		{found.License, m.licenses, p.License == "", &p.License},
		{found.Version, m.versions, p.Version == "", &p.Version},
	} {
		if !one.lacks {
			continue
		}
		if one.says != "" {
			one.known[p.Path] = one.says
		}
		if text, _ := one.known[p.Path].(string); text != "" {
			*one.into = text
		}
	}
}

// keep saves them for later builds.
func (m *manifests) keep() {
	for key, known := range map[string]map[string]any{licensesMetadata: m.licenses, versionsMetadata: m.versions, absentMetadata: m.absent} {
		if len(known) > 0 {
			m.layer.Metadata[key] = known
		}
	}
}

// find looks for the folders of packages whose lockfile has none.
func (m *manifests) find() error {
	m.folders = map[string]string{}
	return eachManifest(m.layer.Path, func(folder string, found manifest) {
		m.folders[found.Name+"@"+found.Version] = folder
	})
}

// isAbsent reports whether an optional package is not in the layer: it is for
// another platform, or its script has failed.
func (m *manifests) isAbsent(p deps.Package) bool {
	if m.folders == nil || !p.Optional {
		return false
	}
	if _, installed := m.folders[p.Name+"@"+p.Version]; len(m.folders) > 0 && !installed {
		m.absent[p.Path] = true
	}
	return m.absent[p.Path] == true
}
