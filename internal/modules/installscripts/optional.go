package installscripts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// LeaveOut removes an optional package of a tree, with the packages that cannot do
// without it and those that nothing else needs. Why is a clause for the log. It
// returns the paths of what it removed.
func (r Runner) LeaveOut(tree Tree, p Package, why string) (removed []string, err error) {
	run := &run{Runner: r, tree: tree, gone: map[string]bool{}}
	err = run.remove(p, why)
	return run.removed, err
}

// remove is LeaveOut during a run.
func (r *run) remove(p Package, why string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := r.tree.optionalSet(p.Path)
	r.Log.Action("WARNING: left out the optional package %s, as %s", p.folderName(), why)
	for _, path := range slices.Sorted(maps.Keys(set)) {
		r.gone[path] = true
		if err := tree.Remove(filepath.Join(r.tree.Dir, filepath.FromSlash(path))); err != nil {
			return fmt.Errorf("removing the optional package %s: %w", path, err)
		}
		r.removed = append(r.removed, path)
	}
	for _, path := range slices.Sorted(maps.Keys(set)) {
		if err := unlinkCommands(filepath.Join(r.tree.Dir, filepath.FromSlash(strings.TrimSuffix(path, folderName(path))), ".bin")); err != nil {
			return err
		}
	}
	return nil
}

// unlinkCommands removes the links of a .bin folder to programs that are gone.
func unlinkCommands(bins string) error {
	entries, err := os.ReadDir(bins)
	if err != nil {
		return nil // none
	}
	for _, entry := range entries {
		link := filepath.Join(bins, entry.Name())
		if _, err := os.Stat(link); errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(link); err != nil {
				return err
			}
		}
	}
	return nil
}

// Range is a dependency in a package.json.
type Range struct{ Name, Spec string }

// edge is a dependency of an installed package.
type edge struct {
	Range           // empty for a link to its folder
	from, to string // paths
	optional bool
}

// edges returns the dependencies between all installed packages.
func (t Tree) edges() (all []edge) {
	for _, p := range append([]deps.Package{t.graph.Root}, t.graph.Packages...) {
		if p.Link {
			all = append(all, edge{Range{}, p.Path, p.To, false})
			continue
		}
		for _, one := range []struct {
			names    map[string]string
			optional bool
		}{{p.Dependencies, false}, {p.OptionalDeps, true}, {p.PeerDeps, false}, {devOf(p), false}} {
			for name, spec := range one.names {
				if _, ok := p.OptionalDeps[name]; ok && !one.optional {
					continue // npm lists optional dependencies among the others, too
				}
				if found, ok := t.graph.Resolve(p.Path, name); ok {
					all = append(all, edge{Range{name, spec}, p.Path, found.Path, one.optional})
				}
			}
		}
	}
	return all
}

// devOf returns the devDependencies of a folder of the project.
func devOf(p deps.Package) map[string]string {
	if p.InNodeModules() {
		return nil
	}
	return p.DevDeps
}

// optionalSet returns what goes with a failed optional package: the optional
// packages that need it, up to where a dependency is optional, and everything that
// only these need. A package that is not optional stays: only a peer dependency
// that the manager ignores can lead to it.
func (t Tree) optionalSet(path string) map[string]bool {
	edges := t.edges()
	mayGo := map[string]bool{}
	for _, p := range t.graph.Packages {
		mayGo[p.Path] = p.Optional || p.Link // a link goes with its folder
	}
	start := map[string]bool{path: true}
	for again := true; again; {
		again = false
		for _, e := range edges {
			if start[e.to] && !e.optional && mayGo[e.from] && !start[e.from] {
				start[e.from], again = true, true
			}
		}
	}
	all := maps.Clone(start)
	for again := true; again; {
		again = false
		for _, e := range edges {
			if all[e.from] && !all[e.to] {
				all[e.to], again = true, true
			}
		}
	}
	for again := true; again; {
		again = false
		for _, e := range edges {
			if all[e.to] && !start[e.to] && !all[e.from] {
				delete(all, e.to)
				again = true
			}
		}
	}
	maps.DeleteFunc(all, func(path string, _ bool) bool { return !inModules(path) })
	return all
}
