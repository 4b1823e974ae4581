package bunlock

import (
	"github.com/armature-cnb/armature/internal/deps"
)

// mark finds which packages only devDependencies or optionalDependencies need: Bun
// records neither.
func mark(g *deps.Graph) {
	var without [4]map[string]bool // paths that are reached without devDependencies (bit 0) and optional ones (bit 1)
	for mask := range without {
		w := walk{graph: *g, noDev: mask&1 != 0, noOptional: mask&2 != 0, seen: map[string]bool{}}
		w.visit(g.Root)
		for _, p := range g.Packages {
			if !p.InNodeModules() { // a workspace
				w.visit(p)
			}
		}
		without[mask] = w.seen
	}
	for i := range g.Packages {
		p := &g.Packages[i]
		if !p.InNodeModules() || !without[0][p.Path] {
			continue
		}
		noDev, noOptional := without[1][p.Path], without[2][p.Path]
		p.DevOptional = noDev && noOptional && !without[3][p.Path]
		p.Dev, p.Optional = !noDev, !noOptional
	}
}

// walk collects what is reached.
type walk struct {
	graph             deps.Graph
	noDev, noOptional bool
	seen              map[string]bool
}

func (w *walk) visit(p deps.Package) {
	if w.seen[p.Path] {
		return
	}
	w.seen[p.Path] = true
	if p.Link {
		return // every workspace is visited
	}
	wants := []map[string]string{p.Dependencies, p.PeerDeps}
	if !w.noOptional {
		wants = append(wants, p.OptionalDeps)
	}
	if !w.noDev {
		wants = append(wants, p.DevDeps)
	}
	for _, ranges := range wants {
		for name := range ranges {
			if found, ok := w.graph.Resolve(p.Path, name); ok {
				w.visit(found)
			}
		}
	}
}
