package npmtree

import (
	"maps"
	"slices"
)

// reach are the rules within which every package may be. A nil rule is for none.
type reach map[*node][]*override

// spreadOverrides finds the rules within which every package may be, in any version
// of npm. It is nil without overrides.
func (t *tree) spreadOverrides(o Options) (reach, error) {
	top, err := readOverrides(t.root.entry)
	if err != nil || top == nil {
		return nil, err
	}
	found := reach{}
	type step struct {
		n *node
		s *override
	}
	queue := []step{}
	var add func(n *node, s *override)
	add = func(n *node, s *override) {
		if slices.Contains(found[n], s) {
			return
		}
		for _, other := range found[n] {
			if s != nil && other != nil && !s.within(other) {
				defer add(n, s.common(other))
			}
		}
		found[n] = append(found[n], s)
		queue = append(queue, step{n, s})
	}
	for add(t.root, top); len(queue) > 0; {
		n, s := queue[0].n, queue[0].s
		queue = queue[1:]
		if n.link { // not every npm takes rules through links
			add(n.target, s)
			add(n.target, nil)
			continue
		}
		for _, e := range n.out {
			if e.to == nil {
				continue
			}
			rule, err := t.ruleFor(s, e)
			if err != nil {
				return nil, err
			}
			add(e.to, rule)
		}
		if o.since("11.3.0") {
			continue
		}
		// An older npm also takes rules from the folder around a package.
		for _, name := range slices.Sorted(maps.Keys(n.children)) {
			add(n.children[name], s)
			for _, rule := range s.rules() {
				if rule.name == name {
					add(n.children[name], rule)
				}
			}
		}
	}
	return found, nil
}

// specs returns everything that a dependency may ask for.
func (t *tree) specs(e *edge, rules reach, o Options) ([]string, error) {
	if rules == nil || e.to.entry.is("inBundle") {
		return []string{e.spec}, nil
	}
	var all []string
	for _, s := range rules[e.from] {
		rule, err := t.ruleFor(s, e)
		if err != nil {
			return nil, err
		}
		spec, err := t.spec(rule, e)
		switch {
		case err != nil:
			return nil, err
		case e.from == t.root && spec != e.spec:
			return nil, handover("an override is for %s, which package.json depends on", e.name)
		case t.clashes(rule, rules[e.to], e.to, o):
			return nil, handover("several overrides count for %s", e.to.place)
		}
		if !slices.Contains(all, spec) {
			all = append(all, spec)
		}
	}
	return all, nil
}

// clashes reports whether npm may take a dependency for invalid because the package
// is within other rules.
func (t *tree) clashes(rule *override, others []*override, to *node, o Options) bool {
	strict := o.since("11.3.0") && !o.since("11.7.0")
	return len(to.out) > 0 && rule != nil && slices.ContainsFunc(others, func(other *override) bool {
		switch {
		case other == nil:
			return strict
		case rule.within(other):
			return false
		}
		return strict || rule.conflicts(other)
	})
}
