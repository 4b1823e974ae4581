package deps

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// Closure is the transitive dependencies of a package.
type Closure struct {
	Packages map[string]bool // paths of [Graph.Packages]: packages, links and the links' folders
	Folders  []string        // the folders among them (workspaces and file: dependencies), each after its dependencies
}

// Closure returns the transitive dependencies of the package in a folder, with the
// folder itself: "" for the project, or the path of a workspace. With dev it
// includes the devDependencies of this folder and of every folder in the closure.
// It includes every link to one of these folders. Optional peers are included only
// if something else requires them.
//
// Found is false if the graph does not have the folder, or is sparse: a sparse
// graph has no folders.
func (g Graph) Closure(folder string, dev bool) (closure Closure, found bool) {
	start, found := g.Package(folder)
	if !found || g.Version == 0 || g.Sparse {
		return Closure{}, false
	}
	w := walk{graph: g, dev: dev, seen: map[string]bool{}}
	w.visit(start)
	for _, p := range g.Packages {
		toFolder := p.Link && w.seen[p.To]
		if toFolder || p.InBundle && w.seen[owner(p.Path)] {
			w.seen[p.Path] = true
		}
	}
	return Closure{Packages: w.seen, Folders: w.folders}, true
}

// walk collects a closure.
type walk struct {
	graph   Graph
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
		if to, ok := w.graph.Package(p.To); ok {
			w.visit(to)
		}
		return
	}
	if folder, ok := w.graph.copied(p); ok {
		w.visit(folder)
	}
	isFolder := !p.InNodeModules()
	wants := []map[string]string{p.Dependencies, p.OptionalDeps, p.PeerDeps}
	if isFolder && w.dev {
		wants = append(wants, p.DevDeps)
	}
	for _, ranges := range wants {
		for _, name := range slices.Sorted(maps.Keys(ranges)) {
			if found, ok := w.graph.Resolve(p.Path, name); ok {
				w.visit(found)
			}
		}
	}
	if isFolder {
		w.folders = append(w.folders, p.Path)
	}
}

// copied returns the folder of the project that a package is a copy of.
func (g Graph) copied(p Package) (folder Package, ok bool) {
	place, ok := strings.CutPrefix(p.Source.Address, "file:")
	if !ok || !p.InNodeModules() || place == "" {
		return Package{}, false
	}
	folder, ok = g.Package(path.Clean(place))
	return folder, ok && !folder.Link && !folder.InNodeModules()
}

// owner returns the path of the package whose archive contains a bundled package.
func owner(bundled string) string {
	const marker = "/" + modulesDir + "/"
	if i := strings.LastIndex(bundled, marker); i >= 0 {
		return bundled[:i]
	}
	return ""
}
