package npmtree

// kindOf are the kinds of dependencies by their fields.
var kindOf = map[string]kind{"dependencies": prod, "devDependencies": dev, "optionalDependencies": optional, "peerDependencies": peer}

// isUnsuspicious reports whether npm takes the lockfile's entry for the project for
// that of its package.json: every dependency there has the same text and the same
// kind. A name under two kinds is suspicious to npm.
func (t *tree) isUnsuspicious() bool {
	entry := t.lock.object("packages").object("")
	meta := entry.object("peerDependenciesMeta")
	for _, field := range dependencyFields[:4] {
		ranges := entry.object(field)
		for _, name := range ranges.keys {
			kind := kindOf[field]
			_, isOptional := entry.object("optionalDependencies").values[name]
			switch {
			case kind == prod && isOptional:
				continue
			case kind == peer && meta.object(name).is("optional"):
				kind = peerOptional
			}
			if !t.root.asks(name, ranges.text(name), kind) {
				return false
			}
		}
	}
	return true
}

// asks reports whether a node has a dependency.
func (n *node) asks(name, spec string, kind kind) bool {
	for _, e := range n.out {
		if e.name == name {
			return e.spec == spec && e.kind == kind
		}
	}
	return false
}

// readFlags takes the flags from the lockfile. npm then removes nothing.
func (t *tree) readFlags() error {
	entries := t.lock.object("packages")
	for _, n := range t.nodes[1:] {
		place := n.place
		if n.link {
			place = n.target.place
		}
		entry := entries.object(place)
		if entry.is("extraneous") {
			return handover("the lockfile has %s, which nothing needs", n.place)
		}
		n.flags = flags{dev: entry.is("dev"), optional: entry.is("optional"), peer: entry.is("peer")}
		n.devOptional = n.dev || n.optional || entry.is("devOptional")
	}
	return nil
}
