package pnpm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// rule is pnpm's rule about install scripts of packages.
type rule struct {
	version version
	all     bool            // every package may, unless it is denied
	allowed map[string]bool // names, "NAME@VERSION", and "NAME@ADDRESS" of what is no registry's
	denied  map[string]bool // the same
	strict  bool            // a package that is neither allowed nor denied is an error
	skipped []string        // such packages, "NAME@VERSION"
}

// newRule returns the rule of a version of pnpm with a project's settings.
//
//   - up to pnpm 9 all may run, or only those of onlyBuiltDependencies, or all but
//     those of neverBuiltDependencies,
//   - in pnpm 10 none but those of onlyBuiltDependencies and allowBuilds, or all but
//     those of neverBuiltDependencies,
//   - since pnpm 11 only those of allowBuilds, and others are an error.
func newRule(v version, s choices, dir string) (*rule, error) {
	r := &rule{version: v, allowed: map[string]bool{}, denied: map[string]bool{}, strict: v.Major() >= 11}
	if s.StrictDepBuilds != nil {
		r.strict = *s.StrictDepBuilds
	}
	for spec, value := range s.AllowBuilds {
		switch value {
		case true:
			add(r.allowed, spec)
		case false:
			add(r.denied, spec)
		}
	}
	if v.Major() >= 11 {
		r.all = s.AllowAllBuilds
		return r, nil
	}
	only := s.OnlyBuilt != nil || s.OnlyBuiltFile != ""
	if s.OnlyBuilt != nil {
		add(r.allowed, *s.OnlyBuilt...)
	}
	if s.OnlyBuiltFile != "" {
		names, err := readList(filepath.Join(dir, s.OnlyBuiltFile))
		if err != nil {
			return nil, err
		}
		add(r.allowed, names...)
	}
	add(r.denied, s.IgnoredBuilt...)
	if s.NeverBuilt != nil {
		add(r.denied, *s.NeverBuilt...)
	}
	r.all = s.AllowAllBuilds || !only && (!v.asks() || s.NeverBuilt != nil)
	return r, nil
}

// readList reads a list of names in JSON.
func readList(path string) (names []string, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil {
		return nil, &failure.Failure{
			ID: invalidID, Err: err,
			Cause:  fmt.Sprintf("onlyBuiltDependenciesFile names %s, which is no list of names", path),
			Remedy: "write a list of packages in JSON into it, or take the setting out.",
		}
	}
	return names, nil
}

// add adds names of packages, some with versions: "a", "a@1.0.0 || 1.0.1".
func add(to map[string]bool, specs ...string) {
	for _, spec := range specs {
		name, versions := spec, ""
		if at := strings.LastIndex(spec, "@"); at > 0 {
			name, versions = spec[:at], spec[at+1:]
		}
		if !strings.Contains(versions, "||") {
			to[spec] = true
			continue
		}
		for _, one := range strings.Split(versions, "||") {
			to[name+"@"+strings.TrimSpace(one)] = true
		}
	}
}

// allows reports whether a package may run its scripts. It remembers those about
// which nothing is said.
func (r *rule) allows(p deps.Package) bool {
	id := p.Name + "@" + p.Version
	if p.Source.Kind != deps.FromRegistry {
		id = p.Name + "@" + strings.TrimPrefix(p.Source.Address, "git+")
		if p.Resolved != "" {
			id = p.Name + "@" + p.Resolved
		}
	}
	named := func(set map[string]bool) bool {
		return set[id] || set[p.Name] && (p.Source.Kind == deps.FromRegistry || !r.version.asks())
	}
	if r.denied[id] || r.denied[p.Name] {
		return false
	}
	if r.all || named(r.allowed) {
		return true
	}
	if r.version.asks() && !slices.Contains(r.skipped, id) {
		r.skipped = append(r.skipped, id)
	}
	return false
}

// report says which scripts were skipped, and how to allow them. It is an error
// where pnpm's is, too.
func (r *rule) report(log scribe.Emitter) error {
	if len(r.skipped) == 0 {
		return nil
	}
	slices.Sort(r.skipped)
	where := fmt.Sprintf("allowBuilds of %s", workspaceFile)
	if r.version.Major() < 11 {
		where = "onlyBuiltDependencies"
	}
	how := fmt.Sprintf("where a package needs its script, run `pnpm approve-builds` and commit what it writes (%s)", where)
	if r.strict {
		return &failure.Failure{
			ID:     "install-scripts-not-allowed",
			Cause:  fmt.Sprintf("packages have install scripts about which %s says nothing, which pnpm %d does not install%s", where, r.version.line(), failure.List(r.skipped)),
			Remedy: fmt.Sprintf("%s; for the others say false there. strictDepBuilds: false in %s only warns.", how, workspaceFile),
		}
	}
	log.Action("WARNING: pnpm %s has not run install scripts that %s does not allow:", r.version, where)
	for _, one := range r.skipped {
		log.Detail("%s", one)
	}
	log.Action("%s", strings.ToUpper(how[:1])+how[1:]+".")
	return nil
}
