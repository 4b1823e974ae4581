package deps

import (
	"maps"
	"slices"
	"strings"
)

// Closure is what a package needs, directly or through others.
type Closure struct {
	Packages map[string]bool // paths of [Graph.Packages]: packages, links and the folders that these lead to
	Folders  []string        // of those, the folders (workspaces and file: dependencies); each after those that it needs
}

// Closure returns what the package in a folder needs, with the folder itself:
// "" for the project, or the path of a workspace. With dev that includes the
// devDependencies of this and of every other folder. Every link to one of the
// folders is part of it. Optional peers count only
// where they are wanted otherwise, too.
//
// Found is false where the graph does not have the folder, and where it is
// sparse: then nobody knows of folders.
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

// walk goes along the dependencies.
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

// owner is the path of the package in whose archive a bundled one comes.
func owner(bundled string) string {
	const marker = "/" + modulesDir + "/"
	if i := strings.LastIndex(bundled, marker); i >= 0 {
		return bundled[:i]
	}
	return ""
}
