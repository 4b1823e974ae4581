package npmlock

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Closure is what a package needs, directly or through others.
type Closure struct {
	Packages map[string]bool // paths of [Lock.Packages]: packages, links and the folders that these lead to
	Folders  []string        // of those, the folders (workspaces and file: dependencies); each after those that it needs
}

// Closure returns what the package in a folder needs, with the folder itself:
// "" for the project, or the path of a workspace. With dev that includes the
// devDependencies of this and of every other folder. Every link to one of the
// folders is part of it. Optional peers count only
// where they are wanted otherwise, too.
//
// Found is false where the lockfile does not have the folder, as is one of
// version 1, which knows no workspaces.
func (l Lock) Closure(folder string, dev bool) (closure Closure, found bool) {
	w := walk{byPath: map[string]Package{"": l.Root}, dev: dev, seen: map[string]bool{}}
	for _, p := range l.Packages {
		w.byPath[p.Path] = p
	}
	start, found := w.byPath[folder]
	if !found || l.Version < 2 {
		return Closure{}, false
	}
	w.visit(start)
	for _, p := range l.Packages {
		toFolder := p.Link && w.seen[path.Clean(p.Resolved)]
		if toFolder || p.InBundle && w.seen[owner(p.Path)] {
			w.seen[p.Path] = true
		}
	}
	return Closure{Packages: w.seen, Folders: w.folders}, true
}

// walk goes along the dependencies.
type walk struct {
	byPath  map[string]Package
	dev     bool
	seen    map[string]bool
	folders []string
}

func (w *walk) visit(p Package) {
	if w.seen[p.Path] {
		return
	}
	w.seen[p.Path] = true
	if p.Link {
		if to, ok := w.byPath[path.Clean(p.Resolved)]; ok {
			w.visit(to)
		}
		return
	}
	isFolder := !p.InNodeModules()
	wants := []map[string]string{p.Dependencies, p.OptionalDeps, p.PeerDeps}
	if isFolder && w.dev {
		wants = append(wants, p.DevDeps)
	}
	for _, ranges := range wants {
		for _, name := range slices.Sorted(maps.Keys(ranges)) {
			if found, ok := w.resolve(p.Path, name); ok {
				w.visit(found)
			}
		}
	}
	if isFolder {
		w.folders = append(w.folders, p.Path)
	}
}

// resolve finds a package as Node.js does: in the node_modules of the folder,
// or of one of those above it.
func (w *walk) resolve(from, name string) (Package, bool) {
	for dir := from; ; dir = above(dir) {
		if path.Base(dir) != "node_modules" {
			if found, ok := w.byPath[path.Join(dir, "node_modules", name)]; ok {
				return found, true
			}
		}
		if dir == "" || strings.HasPrefix(dir, "..") {
			return Package{}, false
		}
	}
}

// above is the folder above, "" for that of the lockfile.
func above(dir string) string {
	if dir = path.Dir(dir); dir == "." || dir == "/" {
		return ""
	}
	return dir
}

// owner is the path of the package in whose archive a bundled one comes.
func owner(bundled string) string {
	const marker = "/node_modules/"
	if i := strings.LastIndex(bundled, marker); i >= 0 {
		return bundled[:i]
	}
	return ""
}
