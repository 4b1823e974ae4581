package npmtree

import (
	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// inertField is what some versions of npm write about a package that did not fit.
const inertField = "ideallyInert"

// leaveOut marks the packages that npm leaves out: of kinds that are omitted, and
// optional ones for other platforms, with what only they need.
func (t *tree) leaveOut(o Options) error {
	for _, n := range t.nodes {
		if n == t.root || n.link {
			continue
		}
		switch fits := n.entryRunsOn(o.Host); {
		case o.recordsUnfit() && n.entry.is(inertField):
			return handover("npm %s takes %s for one that it left out", o.NPM, n.place)
		case !n.optional && !fits:
			return handover("%s is not for this platform, and not optional", n.place)
		case n.optional && !n.inert && !(n.fitsEngines(o) && n.entryRunsOn(o.Target)):
			if err := t.leaveOutWith(n, o); err != nil {
				return err
			}
		}
	}
	return t.omit(o)
}

// omit marks the packages of kinds that are omitted.
func (t *tree) omit(o Options) error {
	for _, n := range t.nodes[1:] {
		top := n.top()
		if n == top || !t.omitsIn(top, o) {
			continue
		}
		if !(n.peer && o.omits("peer") || n.dev && o.omits("dev") || n.optional && o.omits("optional") ||
			n.devOptional && o.omits("optional") && o.omits("dev")) {
			continue
		}
		if top != t.root && !o.since("9.9.4") {
			return handover("npm %s may keep %s", o.NPM, n.place)
		}
		n.inert, n.unfit = true, false
	}
	return nil
}

// entryRunsOn reports whether a package is for a platform.
func (n *node) entryRunsOn(p deps.Platform) bool {
	limits := deps.Package{OS: texts(n.entry.values["os"]), CPU: texts(n.entry.values["cpu"]), Libc: texts(n.entry.values["libc"])}
	return limits.RunsOn(p)
}

// texts returns a text, or the texts in a list.
func texts(value any) (all []string) {
	if text, ok := value.(string); ok && text != "" {
		return []string{text}
	}
	list, _ := value.([]any)
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// fitsEngines reports whether a package supports the versions of Node.js and npm.
func (n *node) fitsEngines(o Options) bool {
	engines := n.entry.object("engines")
	return inRange(engines.text("node"), o.Node) && inRange(engines.text("npm"), o.NPM)
}

// inRange reports whether a range is empty, or has a version. An invalid range has
// none.
func inRange(spec string, version *semver.Version) bool {
	if spec == "" {
		return true
	}
	wanted, err := npmrange.Parse(spec)
	return err == nil && wanted.Has(version)
}

// leaveOutWith leaves out a package, everything up to the optional dependency that
// leads to it, and everything that only these need.
func (t *tree) leaveOutWith(n *node, o Options) error {
	branch, err := t.upToOptional(n)
	if err != nil {
		return err
	}
	// npm looks at one branch after the other; an older one does not know those
	// that it has left out before.
	counts := func(e *edge) bool {
		if o.removesLater() {
			return !e.isOptional()
		}
		return !branch.has(e.to) && !(o.since("11.13.0") && e.from.inert)
	}
	set := branch.clone()
	for i := 0; i < len(set.list); i++ {
		for _, e := range set.list[i].out {
			if e.to != nil && counts(e) {
				set.add(e.to)
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, one := range set.list {
			for _, e := range one.in {
				if set.has(one) && !set.has(e.from) && counts(e) {
					delete(set.in, one)
					changed = true
				}
			}
		}
	}
	for one := range set.in {
		one.inert, one.unfit = true, true
	}
	return nil
}

// upToOptional returns a package with those that cannot do without it.
func (t *tree) upToOptional(n *node) (nodeSet, error) {
	set := nodeSet{in: map[*node]bool{}}
	set.add(n)
	for i := 0; i < len(set.list); i++ {
		if !set.list[i].optional {
			return set, handover("%s is optional in the lockfile, and %q needs it", n.place, set.list[i].place)
		}
		for _, e := range set.list[i].in {
			if !e.isOptional() {
				set.add(e.from)
			}
		}
	}
	return set, nil
}

// nodeSet is a set in the order of its making.
type nodeSet struct {
	list []*node
	in   map[*node]bool
}

func (s *nodeSet) has(n *node) bool { return s.in[n] }

func (s *nodeSet) add(n *node) {
	if !s.in[n] {
		s.in[n] = true
		s.list = append(s.list, n)
	}
}

func (s *nodeSet) clone() nodeSet {
	c := nodeSet{in: map[*node]bool{}}
	for _, n := range s.list {
		c.add(n)
	}
	return c
}
