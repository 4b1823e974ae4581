package npmtree

import (
	"path"
	"slices"
)

// npm installs one workspace by a filter (npm ci --workspace): it works out the
// whole tree first, with its flags and what is left out, and then installs only what
// the workspace needs.

// filter is what npm installs of a tree.
type filter struct {
	wanted map[*node]bool // that the workspace needs
	direct map[*node]bool // of the folders among them those whose packages npm always knows; see [Options.overlooksLinked]
}

// findWanted finds out what npm installs for the chosen workspace.
func (t *tree) findWanted(o Options) error {
	if o.Workspace == "" {
		return nil
	}
	if o.since("11.6.2") && !o.since("11.7.0") || !o.since("9.0.0") {
		return handover("npm %s has a way of its own to install one workspace", o.NPM)
	}
	var start []*node
	for _, n := range t.nodes {
		if n.link && n.target.isWorkspace && isChosen(n.target.place, o.Workspace) {
			start = append(start, n)
		}
	}
	if len(start) == 0 {
		return handover("the lockfile does not have the workspace %s", o.Workspace)
	}
	if o.WithRoot {
		for _, e := range t.root.out {
			if e.kind != workspace && e.to != nil {
				start = append(start, e.to)
			}
		}
	}
	t.filter = &filter{wanted: reached(start), direct: map[*node]bool{t.root: true}}
	t.filter.wanted[t.root] = true
	for _, n := range start {
		t.filter.direct[n.target] = n.link
	}
	for n := range t.filter.wanted {
		if t.isOverlooked(n, o) && !n.isWorkspace && !o.since("10.8.2") {
			return handover("npm %s may fail because of %s", o.NPM, n.place)
		}
	}
	return nil
}

// isOverlooked reports whether npm overlooks a folder, see [Options.overlooksLinked].
func (t *tree) isOverlooked(top *node, o Options) bool {
	return top.isTop() && t.filter != nil && o.overlooksLinked() && !t.filter.direct[top]
}

// isChosen reports whether npm takes a workspace for the chosen one: it means those
// directly in its folder, too.
func isChosen(place, workspace string) bool {
	return place == workspace || path.Dir(place) == workspace
}

// reached returns nodes and everything that they need.
func reached(queue []*node) map[*node]bool {
	found := map[*node]bool{}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if found[n] {
			continue
		}
		found[n] = true
		if n.link {
			queue = append(queue, n.target)
		}
		for _, e := range n.out {
			if e.to != nil {
				queue = append(queue, e.to)
			}
		}
	}
	return found
}

// omitsIn reports whether npm leaves out packages in the node_modules of a folder
// because of their kind.
func (t *tree) omitsIn(top *node, o Options) bool {
	if o.removesLater() && t.isOverlooked(top, o) {
		return false
	}
	return top == t.root || top.isWorkspace
}

// selectWanted keeps of the tree what the chosen workspace needs.
func (t *tree) selectWanted(o Options) error {
	if t.filter == nil {
		return nil
	}
	t.keep(func(n *node) bool { return t.filter.wanted[n] })
	if o.since("11.12.0") {
		return nil
	}
	// What an older npm records, it walks through again, and may find other flags.
	installed := slices.Clone(t.nodes)
	t.keep(func(n *node) bool { return t.records(n, o) })
	if !o.since("11.7.0") {
		t.root.flags = flags{}
		t.walkFlags(o)
	}
	for _, n := range t.nodes {
		n.strange = n.isTop() && o.since("11.7.0") && t.isOverlooked(n, o)
	}
	t.recorded, t.nodes = t.nodes, installed
	return nil
}

// records reports whether an older npm, which installs one workspace, records a node.
func (t *tree) records(n *node, o Options) bool {
	switch {
	case n.isLeftOut():
		return o.recordsUnfit() && n.isUnfit()
	case t.isOverlooked(n.top(), o):
		return n.isWorkspace
	}
	return true
}
