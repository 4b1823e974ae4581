package npmtree

import (
	"maps"
	"slices"
)

// npm finds out anew for every package whether only development dependencies,
// optional or peer dependencies lead to it, and removes packages to which nothing
// leads. It begins with all flags set, and walks along the dependencies. Before
// 11.12 it does so only if the lockfile does not seem to fit package.json.

// calculateFlags sets the flags as this version of npm does, and removes the
// packages that npm takes for extraneous.
func (t *tree) calculateFlags(o Options) error {
	if o.trustsFlags() && t.isUnsuspicious() {
		return t.readFlags()
	}
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
	if o.since("11.7.0") {
		t.spreadFlags()
	} else {
		t.walkFlags(o)
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

// walkFlags is the way of npm before 11.7: every package once, depth first.
func (t *tree) walkFlags(o Options) {
	toPeers := (*node).unsetPeer
	if o.since("11.6.2") {
		toPeers = (*node).markPeer
	}
	walk(t.root, func(n *node) { n.unsetFlags(toPeers) }, func(n *node) (next []*node) {
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
// it. The flag for peers is the given function's.
func (n *node) unsetFlags(toPeers func(*node, *edge)) {
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
		n.target.unsetFlags(toPeers)
		return
	}
	for _, e := range n.out {
		if e.to == nil {
			continue
		}
		e.to.extraneous = false
		toPeers(n, e)
		all := !n.devOptional && !n.dev && !n.optional && e.kind != dev && !e.isOptional()
		if all {
			e.to.unset(devOptionalFlag, prod, peer)
		}
		if all || !n.dev && e.kind != dev {
			e.to.unset(devFlag, prod, peer)
		}
		if all || !n.optional && !e.isOptional() {
			e.to.unset(optionalFlag, prod, peer)
		}
	}
}

// unsetPeer unsets the flag for peers of what a dependency leads to.
func (n *node) unsetPeer(e *edge) {
	if !n.peer && !e.isPeer() {
		e.to.unset(peerFlag, prod)
	}
}

// markPeer sets or unsets it as npm 11.6.2 does: every dependency anew.
func (n *node) markPeer(e *edge) {
	if e.isPeer() {
		e.to.peer = true
		return
	}
	to := e.to
	if to.link {
		to = to.target
	}
	if !slices.ContainsFunc(to.in, func(e *edge) bool { return e.kind == peer }) {
		e.to.unset(peerFlag, peer)
	}
}

// unset unsets a flag of a package, and of those that it needs by dependencies of
// some kinds.
func (n *node) unset(f flag, kinds ...kind) {
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
			if e.to != nil && *f(e.to) && slices.Contains(kinds, e.kind) {
				next = append(next, e.to)
			}
		}
		return next
	})
}

// prune removes extraneous packages, with everything in their folders.
func (t *tree) prune() {
	t.keep(func(n *node) bool {
		for ; n != nil; n = n.parent {
			if n.extraneous && n.parent != nil {
				return false
			}
		}
		return true
	})
}

// keep removes the nodes that are not wanted, and finds anew what every dependency
// leads to.
func (t *tree) keep(wants func(*node) bool) {
	t.nodes = slices.DeleteFunc(t.nodes, func(n *node) bool { return !wants(n) })
	for _, n := range t.nodes {
		n.in = nil
		maps.DeleteFunc(n.children, func(_ string, child *node) bool { return !wants(child) })
	}
	t.resolve()
}
