package npmtree

import (
	"path"
	"slices"
)

// programs returns the links in .bin, in npm's order: of two packages with the same
// program, the first has it. Links to the project's folders follow all others.
func (t *tree) programs(o Options) []Program {
	var all []Program
	taken := map[string]bool{}
	removed := t.removedPrograms(o)
	for _, links := range []bool{false, true} {
		nodes := slices.Clone(t.nodes)
		slices.SortStableFunc(nodes, func(a, b *node) int {
			if d := a.depth() - b.depth(); d != 0 {
				return d
			}
			return localeCompare(a.place, b.place)
		})
		for _, n := range nodes {
			if n.link != links || n.isTop() || n.isLeftOut() || n.isTooDeep() {
				continue
			}
			programs := n.entry.object("bin")
			for _, name := range programs.keys {
				link := n.program(name)
				if !taken[link] {
					taken[link] = true
					all = append(all, Program{Link: link, Target: path.Join(n.place, programs.text(name)), Remove: removed[link]})
				}
			}
		}
	}
	return all
}

// program returns the place of a program's link.
func (n *node) program(name string) string {
	return path.Join(n.parent.place, "node_modules", ".bin", name)
}

// removedPrograms returns the links of packages that an older npm removes in the
// end.
func (t *tree) removedPrograms(o Options) map[string]bool {
	removed := map[string]bool{}
	for _, n := range t.nodes {
		if !o.removesLater() || !n.inert || n.isTop() {
			continue
		}
		for _, name := range n.entry.object("bin").keys {
			removed[n.program(name)] = true
		}
	}
	return removed
}
