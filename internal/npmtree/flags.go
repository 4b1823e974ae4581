package npmtree

import "maps"

// npm finds out anew for every package whether only development dependencies,
// optional or peer dependencies lead to it, and removes packages to which nothing
// leads. It begins with all flags set, and walks along the dependencies.

// calculateFlags sets the flags as this version of npm does, and removes the
// packages that npm takes for extraneous.
func (t *tree) calculateFlags(o Options) error {
	links := map[*node]int{}
	for _, n := range t.nodes[1:] {
		n.flags = flags{extraneous: true, dev: true, optional: true, devOptional: true, peer: true}
		if n.link {
			if links[n.target]++; links[n.target] > 1 {
				return handover("two links lead to %s", n.target.place)
			}
		}
	}
	t.root.flags = flags{}
	switch {
	case o.since("11.7.0"):
		t.spreadFlags()
	case o.since("11.6.1"):
		return handover("npm %s has a way of its own to find peer dependencies", o.NPM)
	default:
		t.walkFlags()
	}
	t.prune()
	return nil
}

// spreadFlags is the way of npm 11.7 and later: a flag that is not set spreads to
// the dependencies until nothing changes.
func (t *tree) spreadFlags() {
	seen := map[*node]bool{}
	queue := []*node{t.root}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		seen[n] = true
		if !n.extraneous {
			for p := n.above(); p != nil && p.extraneous; p = p.above() {
				p.extraneous = false
			}
		}
		if n.link {
			if before := n.target.flags; n.target.narrow(n.flags) != before || !seen[n.target] {
				queue = append(queue, n.target)
			}
			continue
		}
		for _, e := range n.out {
			if e.to == nil {
				continue
			}
			if before := e.to.flags; e.to.narrow(n.through(e)) != before {
				queue = append(queue, e.to)
			}
		}
	}
}

// narrow unsets the flags that are not set in another set, and returns the rest.
func (n *node) narrow(by flags) flags {
	n.extraneous = n.extraneous && by.extraneous
	n.dev = n.dev && by.dev
	n.optional = n.optional && by.optional
	n.devOptional = n.devOptional && by.devOptional
	n.peer = n.peer && by.peer
	return n.flags
}

// through returns the flags with which a dependency leads to a package.
func (n *node) through(e *edge) flags {
	isDev := e.kind == dev
	return flags{
		extraneous:  n.extraneous || e.kind == peerOptional,
		dev:         n.dev || isDev,
		optional:    n.optional || e.isOptional(),
		devOptional: n.devOptional || n.dev || n.optional || isDev || e.isOptional(),
		peer:        n.peer || e.isPeer(),
	}
}

// walkFlags is the way of npm before 11.6.1: every package once, depth first.
func (t *tree) walkFlags() {
	walk(t.root, (*node).unsetFlags, func(n *node) (next []*node) {
		if n.link {
			return nil
		}
		for _, e := range n.out {
			if e.to != nil {
				next = append(next, e.to)
			}
		}
		return next
	})
}

// walk visits nodes once, from the last child to the first.
func walk(from *node, visit func(*node), children func(*node) []*node) {
	seen := map[*node]bool{}
	for stack := []*node{from}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		visit(n)
		stack = append(stack, children(n)...)
	}
}

// flag selects a flag.
type flag func(*node) *bool

var (
	extraneousFlag  flag = func(n *node) *bool { return &n.extraneous }
	devFlag         flag = func(n *node) *bool { return &n.dev }
	optionalFlag    flag = func(n *node) *bool { return &n.optional }
	devOptionalFlag flag = func(n *node) *bool { return &n.devOptional }
	peerFlag        flag = func(n *node) *bool { return &n.peer }
)

// unsetFlags unsets flags of what a package depends on, and of the packages around
// it.
func (n *node) unsetFlags() {
	n.extraneous = false
	for _, f := range []flag{extraneousFlag, devFlag, peerFlag, devOptionalFlag, optionalFlag} {
		if *f(n) {
			continue
		}
		for p := n; p != nil && (p == n || *f(p)); p = p.above() {
			*f(p) = false
		}
	}
	if n.link {
		extraneous := n.target.extraneous
		n.target.flags = n.flags
		n.target.extraneous = extraneous
		n.target.unsetFlags()
		return
	}
	for _, e := range n.out {
		if e.to == nil {
			continue
		}
		e.to.extraneous = false
		all := !n.devOptional && !n.dev && !n.optional && e.kind != dev && !e.isOptional()
		if !n.peer && !e.isPeer() {
			e.to.unset(peerFlag, false)
		}
		if all {
			e.to.unset(devOptionalFlag, true)
		}
		if all || !n.dev && e.kind != dev {
			e.to.unset(devFlag, true)
		}
		if all || !n.optional && !e.isOptional() {
			e.to.unset(optionalFlag, true)
		}
	}
}

// unset unsets a flag of a package, and of those that it needs: by prod
// dependencies, and with peers by peer dependencies.
func (n *node) unset(f flag, peers bool) {
	if !*f(n) {
		return
	}
	walk(n, func(n *node) {
		n.extraneous, *f(n) = false, false
		if n.link {
			n.target.extraneous, *f(n.target) = false, false
		}
	}, func(n *node) (next []*node) {
		if n.link {
			n = n.target
		}
		for _, e := range n.out {
			if e.to != nil && *f(e.to) && (e.kind == prod || peers && e.kind == peer) {
				next = append(next, e.to)
			}
		}
		return next
	})
}

// prune removes extraneous packages, with everything in their folders.
func (t *tree) prune() {
	gone := func(n *node) bool {
		for ; n != nil; n = n.parent {
			if n.extraneous && n.parent != nil {
				return true
			}
		}
		return false
	}
	kept := t.nodes[:0:0]
	for _, n := range t.nodes {
		if !gone(n) {
			kept = append(kept, n)
		}
	}
	t.nodes = kept
	for _, n := range t.nodes {
		n.in = nil
		maps.DeleteFunc(n.children, func(_ string, child *node) bool { return gone(child) })
	}
	t.resolve()
}
