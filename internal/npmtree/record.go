package npmtree

import (
	"encoding/json"
	"path"
	"path/filepath"
	"strings"
)

// recordFields are the fields of package.json in npm's record.
var recordFields = []string{
	"version", "dependencies", "peerDependencies", "peerDependenciesMeta", "optionalDependencies", "bundleDependencies",
	"funding", "engines", "os", "cpu", "libc", "license", "hasInstallScript", "bin", "deprecated", "workspaces",
}

// record prints npm's record of the packages that are there.
func (t *tree) record(o Options) ([]byte, error) {
	packages := newObject()
	nodes := t.nodes
	if t.recorded != nil {
		nodes = t.recorded
	}
	for _, n := range nodes[1:] {
		if n.isLeftOut() && !(o.recordsUnfit() && n.isUnfit()) {
			continue
		}
		entry, err := t.entryOf(n, o)
		if err != nil {
			return nil, err
		}
		packages.set(n.place, entry)
	}
	all := t.lock.clone()
	all.remove("dependencies")
	all.set("lockfileVersion", json.Number("3"))
	all.set("requires", true)
	all.set("packages", packages)
	text, err := all.print()
	if err != nil {
		return nil, handover("npm's record of the packages: %s", err)
	}
	return text, nil
}

// isLeftOut reports whether npm leaves out a node, or one around it.
func (n *node) isLeftOut() bool {
	for ; n != nil; n = n.parent {
		if n.inert {
			return true
		}
	}
	return false
}

// isUnfit reports whether all that is left out of a node and those around it is
// unfit.
func (n *node) isUnfit() bool {
	for ; n != nil; n = n.parent {
		if n.inert && !n.unfit {
			return false
		}
	}
	return true
}

// entryOf returns a node's entry in the record.
func (t *tree) entryOf(n *node, o Options) (*object, error) {
	entry := newObject()
	if n.link {
		entry.set("resolved", n.target.place)
		entry.set("link", true)
		return entry, nil
	}
	from := n.entry
	if n.inBundle != nil && n.inBundle != t.root && !n.isLeftOut() {
		var err error
		if from, err = readManifest(filepath.Join(t.dir, n.place)); err != nil {
			return nil, handover("%s: %s", n.place, err)
		}
	}
	for _, field := range recordFields {
		if value := from.values[field]; truthy(value) && !isEmpty(value) && (field != "libc" || o.recordsLibc()) {
			entry.set(field, value)
		}
	}
	if license, ok := from.values["license"].(*object); ok && license.is("type") {
		entry.set("license", license.values["type"])
	}
	if scripts := from.object("scripts"); scripts.is("install") || scripts.is("preinstall") || scripts.is("postinstall") {
		entry.set("hasInstallScript", true)
	}
	if name := from.text("name"); name != "" && name != n.name {
		entry.set("name", name)
	}
	if n.isTop() {
		if list, has := n.entry.values["devDependencies"]; has && truthy(list) {
			entry.set("devDependencies", list)
		}
	}
	if n.isLeftOut() {
		entry.set(inertField, true)
	}
	if n.integrity != "" {
		entry.set("integrity", n.integrity)
	}
	if n.inBundle != nil {
		entry.set("inBundle", true)
	}
	if n.resolved != "" {
		if o.HidesAddresses {
			return nil, handover("npm has the setting omit-lockfile-registry-resolved, and the lockfile has addresses")
		}
		if !isAddress(n.resolved) && !strings.HasPrefix(n.resolved, "file:") {
			return nil, handover("%s is from %s", n.place, n.resolved)
		}
		entry.set("resolved", n.resolved)
	}
	if n.strange {
		entry.set("extraneous", true)
		return entry, nil
	}
	for _, flag := range []struct {
		name string
		is   bool
	}{{"peer", n.peer}, {"dev", n.dev}, {"optional", n.optional}, {"devOptional", n.devOptional && !n.dev && !n.optional}} {
		if flag.is {
			entry.set(flag.name, true)
		}
	}
	return entry, nil
}

// isEmpty reports whether a value is a list or an object without anything.
func isEmpty(value any) bool {
	switch v := value.(type) {
	case []any:
		return len(v) == 0
	case *object:
		return len(v.keys) == 0
	}
	return false
}

// localFile returns the path of an archive in the project, or "".
func (n *node) localFile() string {
	file, ok := strings.CutPrefix(n.resolved, "file:")
	if !ok || path.Clean(file) != file || strings.HasPrefix(file, "..") || strings.HasPrefix(file, "/") || !isArchive(file) {
		return ""
	}
	return file
}
