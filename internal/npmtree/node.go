package npmtree

import (
	"path"
	"strings"
)

// node is a package in its folder, a link, or a folder of the project.
type node struct {
	place  string  // its folder, relative to the project: "node_modules/a", "packages/a"; "" for the project
	name   string  // in its folder: "a", "@scope/a"
	entry  *object // the lockfile's entry; for the project and its folders, their package.json
	link   bool    // a symbolic link
	target *node   // of a link

	parent   *node            // whose node_modules it is in
	around   *node            // the folder around one without a parent
	children map[string]*node // in its node_modules

	resolved, integrity string

	flags

	out   []*edge
	in    []*edge
	inert bool // npm leaves it out
	unfit bool // because it, or one that needs it, does not fit the platform or Node.js

	isWorkspace bool  // it is the folder of one
	strange     bool  // npm records it as one that nothing needs
	inBundle    *node // the package in whose archive it is
}

// flags say by which kinds of dependencies alone a package is needed.
type flags struct {
	extraneous, dev, optional, devOptional, peer bool
}

// edge is a dependency.
type edge struct {
	from *node
	name string
	spec string
	kind kind
	to   *node // nil if it is missing
}

// kind is a dependency's kind.
type kind string

const (
	prod         kind = "prod"
	dev          kind = "dev"
	optional     kind = "optional"
	peer         kind = "peer"
	peerOptional kind = "peerOptional"
	workspace    kind = "workspace"
)

// isOptional reports whether the dependency may be missing.
func (e *edge) isOptional() bool { return e.kind == optional || e.kind == peerOptional }

// isPeer reports whether it is a peer dependency.
func (e *edge) isPeer() bool { return e.kind == peer || e.kind == peerOptional }

// above returns the node whose packages this node can load, too.
func (n *node) above() *node {
	if n.parent != nil {
		return n.parent
	}
	return n.around
}

// resolve finds a package that a node loads by name; nil if there is none.
func (n *node) resolve(name string) *node {
	for ; n != nil; n = n.above() {
		if child := n.children[name]; child != nil {
			return child
		}
	}
	return nil
}

// isTop reports whether it is in no node_modules.
func (n *node) isTop() bool { return n.parent == nil }

// top returns the outermost package around it that is in no node_modules.
func (n *node) top() *node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// isTooDeep reports whether npm knows the node and does not install it: it is in
// the node_modules of a folder that is within another folder, such as a workspace in
// a workspace.
func (n *node) isTooDeep() bool {
	around := n.top().around
	return n.parent != nil && around != nil && around.around != nil
}

// depth is how many node_modules it is in.
func (n *node) depth() int {
	depth := 0
	for ; n.parent != nil; n = n.parent {
		depth++
	}
	return depth
}

// nameOf returns the name of the package in a folder, as npm does.
func nameOf(place string) string {
	base, dir := path.Base(place), path.Base(path.Dir(place))
	if strings.HasPrefix(dir, "@") {
		return dir + "/" + base
	}
	return base
}

// bundler returns the package in whose archive the node is, if any; root for one
// that the project itself lists.
func (n *node) bundler(seen map[*node]bool) *node {
	if seen[n] || n.parent == nil {
		return nil
	}
	seen[n] = true
	if found := n.parent.bundler(seen); found != nil {
		return found
	}
	for _, name := range bundled(n.parent.entry) {
		if name == n.name {
			return n.parent
		}
	}
	for _, e := range n.in {
		if e.from.bundler(seen) == n.parent {
			return n.parent
		}
	}
	return nil
}

// bundled returns the names in bundleDependencies.
func bundled(entry *object) (names []string) {
	list, _ := entry.values["bundleDependencies"].([]any)
	for _, one := range list {
		if name, ok := one.(string); ok {
			names = append(names, name)
		}
	}
	return names
}
