package npmtree

import (
	"slices"
)

// connect gives every node its dependencies.
func (t *tree) connect(o Options) {
	for _, n := range t.nodes {
		if n.link {
			continue // its dependencies are those of its folder
		}
		n.out = edges(n, o)
	}
	t.resolve()
}

// resolve finds what every dependency leads to.
func (t *tree) resolve() {
	for _, n := range t.nodes {
		for _, e := range n.out {
			if e.to = n.resolve(e.name); e.to != nil {
				e.to.in = append(e.to.in, e)
			}
		}
	}
}

// edges returns a node's dependencies. As in npm, a later kind replaces an earlier
// one.
func edges(n *node, o Options) []*edge {
	var all []*edge
	put := func(k kind, field string, wants func(name string) bool) {
		ranges := n.entry.object(field)
		for _, name := range ranges.keys {
			if !wants(name) {
				continue
			}
			all = slices.DeleteFunc(all, func(e *edge) bool { return e.name == name })
			all = append(all, &edge{from: n, name: name, spec: ranges.text(name), kind: k})
		}
	}
	always := func(string) bool { return true }
	meta := n.entry.object("peerDependenciesMeta")
	if !o.LegacyPeerDeps {
		put(peer, "peerDependencies", func(name string) bool { return !meta.object(name).is("optional") })
		put(peerOptional, "peerDependencies", func(name string) bool { return meta.object(name).is("optional") })
	}
	put(prod, "dependencies", always)
	put(optional, "optionalDependencies", always)
	if n.isTop() {
		put(dev, "devDependencies", always)
	}
	return all
}

// check compares the project's package.json with the lockfile's entry for it, and
// every dependency with what it leads to. npm would change a tree in which one does
// not fit.
func (t *tree) check(o Options) error {
	rules, err := t.spreadOverrides(o)
	if err != nil {
		return err
	}
	seen := map[*node]bool{}
	queue := []*node{t.root}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if seen[n] {
			continue
		}
		seen[n] = true
		if n.link {
			queue = append(queue, n.target)
			continue
		}
		inBundle := bundled(n.entry)
		if n == t.root {
			inBundle = nil
		}
		for _, e := range n.out {
			if err := t.checkEdge(e, slices.Contains(inBundle, e.name), rules, o); err != nil {
				return err
			}
			if e.to != nil {
				queue = append(queue, e.to)
			}
		}
	}
	return nil
}

func (t *tree) checkEdge(e *edge, inBundle bool, rules reach, o Options) error {
	from := e.from.place
	if from == "" {
		from = "package.json"
	}
	switch {
	case inBundle:
		return nil
	case e.to == nil && e.kind == peerOptional:
		return nil
	case e.to == nil:
		return handover("the lockfile lacks %s, which %s needs", e.name, from)
	case e.isPeer() && e.from == e.to.parent && !e.from.isTop():
		return handover("%s has its peer %s in its own folder", from, e.name)
	case e.kind == peerOptional && o.ignoresOptionalPeers():
		return nil
	}
	specs, err := t.specs(e, rules, o)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		if isAddress(spec) && o.refusesAddresses() {
			return handover("npm %s installs nothing from an address such as %s, which %s asks for", o.NPM, spec, from)
		}
		if fits, known := t.fits(e, spec); !known || !fits {
			return handover("%s asks for %s %s, and the lockfile has %s", from, e.name, spec, e.to.describe())
		}
	}
	return nil
}

// describe names a node's version, or where it comes from.
func (n *node) describe() string {
	if n.link {
		return "a link to " + n.target.place
	}
	return n.entry.text("version")
}
