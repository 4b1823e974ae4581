package npmtree

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// npm's overrides replace what dependencies ask for. The lockfile has the result
// already; what is left is to find out whether npm finds every dependency
// satisfied. Which rule npm applies to a dependency depends on the way on which it
// came to the depending package, and on npm's version. So every rule that may apply
// has to be satisfied, and what is not sure goes to npm.

// override is a rule: "a@^1": "1.2.3" in a package.json's overrides, with the rules
// for what the package needs. The topmost has no parent and no name.
type override struct {
	parent *override
	key    string
	name   string
	ranged *npmrange.Range // of versions asked for to which it applies; nil for all
	value  string          // what to ask for; "" for what the package asks for
	kids   []*override
}

// readOverrides reads the field overrides of the project's package.json; nil
// without one.
func readOverrides(manifest *object) (*override, error) {
	if !manifest.is("overrides") {
		return nil, nil
	}
	field, ok := manifest.values["overrides"].(*object)
	if _, dot := manifest.object("overrides").values["."]; !ok || dot || field.odd != "" {
		return nil, handover("package.json has overrides that are no rules for packages")
	}
	if len(field.keys) == 0 {
		return nil, nil
	}
	top := &override{}
	return top, top.readKids(field)
}

func (s *override) readKids(field *object) error {
	for _, key := range field.keys {
		if key == "." {
			continue
		}
		kid := &override{parent: s, key: key, name: key}
		wanted := ""
		if at := strings.LastIndex(key, "@"); at > 0 {
			kid.name, wanted = key[:at], strings.TrimSpace(key[at+1:])
		}
		if wanted != "" && wanted != "*" {
			found, err := npmrange.Parse(wanted)
			if err != nil {
				return handover("package.json has an override for %q", key)
			}
			kid.ranged, kid.value = &found, wanted
		}
		inner, nested := field.values[key].(*object)
		value, isText := field.values[key].(string)
		if nested {
			_, has := inner.values["."]
			if value, isText = inner.values["."].(string); !has {
				value, isText = kid.value, true
			}
		}
		if !isText || nested && inner.odd != "" || !validName.MatchString(kid.name) {
			return handover("package.json has an override for %q", key)
		}
		if kid.value = strings.TrimSpace(value); kid.value == "*" {
			kid.value = ""
		}
		s.kids = append(s.kids, kid)
		if nested {
			if err := kid.readKids(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// rules returns the rules that count within a rule: its own, then those around it.
func (s *override) rules() (all []*override) {
	put := func(rule *override) {
		if !slices.ContainsFunc(all, func(other *override) bool { return other.key == rule.key }) {
			all = append(all, rule)
		}
	}
	for ; s != nil; s = s.parent {
		for _, kid := range s.kids {
			put(kid)
		}
		if s.parent != nil {
			put(s)
		}
	}
	return all
}

// within reports whether one of two rules is the other, or is in it.
func (s *override) within(other *override) bool {
	for one := s; one != nil; one = one.parent {
		if one == other {
			return true
		}
	}
	for one := other; one != nil; one = one.parent {
		if one == s {
			return true
		}
	}
	return false
}

// common returns the innermost rule that has both.
func (s *override) common(other *override) *override {
	for ; s.parent != nil; s = s.parent {
		for one := other; one != nil; one = one.parent {
			if one == s {
				return s
			}
		}
	}
	return s
}

// conflicts reports whether two rules, or those around them, give the same key
// different values.
func (s *override) conflicts(other *override) bool {
	others := other.rules()
	for _, rule := range s.rules() {
		i := slices.IndexFunc(others, func(o *override) bool { return o.key == rule.key })
		if i >= 0 && others[i] != rule && others[i].value != rule.value {
			return true
		}
	}
	return false
}

// spec returns what a rule asks for instead of a dependency's own text. Kinds other
// than versions are a [Handover].
func (t *tree) spec(rule *override, e *edge) (string, error) {
	if rule == nil || rule.name != e.name || rule.value == "" {
		return e.spec, nil
	}
	value, isReference := strings.CutPrefix(rule.value, "$")
	if isReference {
		reference := value
		value = ""
		for _, field := range []string{"devDependencies", "optionalDependencies", "dependencies", "peerDependencies"} {
			if text := t.root.entry.object(field).text(reference); value == "" {
				value = text
			}
		}
	}
	if value == "" || strings.ContainsAny(strings.TrimPrefix(value, "npm:"), ":/") && !strings.HasPrefix(value, "npm:@") {
		return "", handover("package.json overrides %s with %s", rule.key, rule.value)
	}
	return value, nil
}

// ruleFor returns the rule that npm applies to a dependency within a rule: one with
// its name, or that rule itself.
func (t *tree) ruleFor(s *override, e *edge) (*override, error) {
	for _, rule := range s.rules() {
		if rule.name != e.name {
			continue
		}
		value, err := t.spec(rule, e)
		if err != nil {
			return nil, err
		}
		if rule.ranged == nil {
			return rule, nil
		}
		asked, err := rangeOf(e.spec)
		if err != nil {
			return nil, handover("the override %s may count for %s %s", rule.key, e.name, e.spec)
		}
		if !asked.Intersects(*rule.ranged) {
			continue
		}
		// An older npm looks again, at what the rule asks for.
		if replaced, err := rangeOf(value); err != nil || !replaced.Intersects(*rule.ranged) {
			return nil, handover("the override %s may count for %s %s once only", rule.key, e.name, e.spec)
		}
		return rule, nil
	}
	return s, nil
}

// rangeOf returns the range in a dependency's text, also of an alias.
func rangeOf(spec string) (npmrange.Range, error) {
	spec = strings.TrimSpace(spec)
	if alias, ok := strings.CutPrefix(spec, "npm:"); ok {
		at := strings.LastIndex(alias, "@")
		if spec = ""; at > 0 {
			spec = alias[at+1:]
		}
	}
	return npmrange.Parse(spec)
}
