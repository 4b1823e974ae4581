package npminstall

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// policy is what allowScripts says about the install scripts of packages: in
// package.json, or else in an .npmrc (npm help install-scripts). npm 11.16 and later
// run no script that it denies, npm 12 and later only those that it allows.
type policy struct {
	entries    map[string]bool // spec of a package to whether it is allowed
	knows      bool            // npm knows the policy at all
	asks       bool            // npm runs only what is allowed
	strict     bool            // packages without an entry are an error
	workspaces []string        // globs; their folders need no entry
	dir        string
	tree       *installscripts.Tree
	refused    map[string]installscripts.Package // without an entry, by path
}

// policy reads the policy.
func (l *lifecycle) policy() (*policy, error) {
	p := &policy{
		knows: l.npm.versions.knowsAllowScripts(), asks: l.npm.versions.blocksScripts(), strict: isTrue(l.env, "strict-allow-scripts"),
		workspaces: l.project.Root.Workspaces, dir: l.project.Dir, tree: &l.tree, refused: map[string]installscripts.Package{},
	}
	if isTrue(l.env, "dangerously-allow-all-scripts") {
		p.knows = false
	}
	if !p.knows {
		p.asks, p.strict = false, false
		return p, nil
	}
	fields, err := packagejson.ReadFields(l.project.Dir)
	if err != nil {
		return nil, err
	}
	if entries, ok := fields["allowScripts"].(map[string]any); ok && len(entries) > 0 {
		p.entries = map[string]bool{}
		for spec, value := range entries {
			if allowed, ok := value.(bool); ok {
				p.entries[spec] = allowed
			}
		}
		return p, nil
	}
	config, err := npmrc.Load(npmrc.Sources{Environ: l.npm.env, ProjectDir: l.project.Dir, HomeDir: l.npm.env.Get("HOME"), Binding: l.globalConfig})
	if err != nil {
		return nil, err
	}
	list, _ := config.Get("allow-scripts")
	p.entries = map[string]bool{}
	for spec := range strings.SplitSeq(list, ",") {
		if spec = strings.TrimSpace(spec); spec != "" {
			p.entries[spec] = true
		}
	}
	return p, nil
}

// mayRun reports whether a package's scripts may run.
func (p *policy) mayRun(one installscripts.Package) bool {
	if !p.knows || p.asks && one.Linked && project.IsWorkspace(p.workspaces, one.Path) {
		return true
	}
	allowed, reviewed := p.verdict(one)
	if !p.asks {
		return allowed || !reviewed
	}
	if !reviewed && !one.InBundle {
		p.refused[one.Path] = one
	}
	return allowed
}

// verdict finds the entries for a package. One that denies wins. A bundled package
// has none.
func (p *policy) verdict(one installscripts.Package) (allowed, reviewed bool) {
	for spec, allows := range p.entries {
		if !one.InBundle && p.matches(one, spec, allows) {
			allowed, reviewed = allows && (allowed || !reviewed), true
		}
	}
	return allowed, reviewed
}

// matches reports whether a spec is about a package: a name, a name with exact
// versions ("a@1.0.0 || 1.0.1"), or the address of a repository, an archive or a
// folder.
func (p *policy) matches(one installscripts.Package, spec string, allows bool) bool {
	if !isRegistrySpec(spec) {
		return p.matchesAddress(one, spec)
	}
	at := strings.LastIndex(spec, "@")
	name, versions := spec, ""
	if at > 0 {
		name, versions = spec[:at], strings.TrimSpace(spec[at+1:])
	}
	known, version := p.identity(one)
	switch {
	case known != name:
		return false
	case versions == "" || versions == "*":
		return true
	case version == "": // nothing that the package itself does not say: denied, and not allowed
		return !allows && exact(versions) != nil
	}
	return slices.Contains(exact(versions), version)
}

// exact returns the versions of "1.0.0 || 1.0.1", and nil for ranges.
func exact(versions string) (all []string) {
	for one := range strings.SplitSeq(versions, "||") {
		version, err := semver.StrictNewVersion(strings.TrimPrefix(strings.TrimSpace(one), "v"))
		if err != nil {
			return nil
		}
		all = append(all, version.String())
	}
	return all
}

// identity returns the name and version of a registry's package that do not come
// from its own package.json: those in its address, or the name under which
// dependents want it. Other packages have no name.
func (p *policy) identity(one installscripts.Package) (name, version string) {
	ranges := p.tree.Ranges(one.Path)
	if len(ranges) == 0 || slices.ContainsFunc(ranges, func(r installscripts.Range) bool { return !isRegistrySpec(r.Spec) }) {
		return "", ""
	}
	if name, version = nameInAddress(one.Resolved); name != "" {
		return name, version
	}
	if alias, ok := strings.CutPrefix(ranges[0].Spec, "npm:"); ok {
		if at := strings.LastIndex(alias, "@"); at > 0 {
			alias = alias[:at]
		}
		return alias, ""
	}
	return ranges[0].Name, ""
}

// nameInAddress returns the name and version in a registry's address of an archive:
// <registry>/@scope/name/-/name-1.0.0.tgz.
func nameInAddress(address string) (name, version string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	before, file, found := strings.Cut(u.Path, inRegistry)
	if !found {
		return "", ""
	}
	name = path.Base(before)
	text, ok := strings.CutPrefix(strings.TrimSuffix(file, ".tgz"), name+"-")
	parsed, err := semver.StrictNewVersion(text)
	if !ok || err != nil {
		return "", ""
	}
	if scope := path.Base(path.Dir(before)); strings.HasPrefix(scope, "@") {
		name = scope + "/" + name
	}
	return name, parsed.String()
}

// isRegistrySpec reports whether a spec means a registry's package: not a
// repository, an address or a path. A scope has the only slash of one that does.
func isRegistrySpec(spec string) bool {
	spec = strings.TrimPrefix(spec, "npm:")
	if strings.HasPrefix(spec, "@") {
		_, spec, _ = strings.Cut(spec, "/")
	}
	return !strings.ContainsAny(spec, ":/")
}

// matchesAddress reports whether a spec is a package's repository, archive or
// folder.
func (p *policy) matchesAddress(one installscripts.Package, spec string) bool {
	if local, ok := deps.LocalPath(spec); ok || filepath.IsAbs(spec) {
		if !ok {
			local = spec
		}
		return p.absolute(local) == p.absolute(strings.TrimPrefix(one.Resolved, "file:")) && one.Resolved != "" || p.absolute(local) == one.Dir && one.Linked
	}
	if one.Source.Kind == deps.FromGit {
		repository, revision, _ := strings.Cut(spec, "#")
		return repositoryOf(repository) == repositoryOf(one.Source.Address) && strings.HasPrefix(one.Source.Commit, revision)
	}
	return one.Resolved == spec
}

func (p *policy) absolute(place string) string {
	if filepath.IsAbs(place) {
		return filepath.Clean(place)
	}
	return filepath.Join(p.dir, place)
}

// repositoryOf returns the host and path of a git repository: "github.com/a/b" for
// "git+ssh://git@github.com/a/b.git", "github:a/b" and "a/b".
func repositoryOf(spec string) string {
	if _, rest, ok := strings.Cut(spec, "://"); ok {
		spec = rest
	} else if host, rest, ok := strings.Cut(spec, ":"); ok {
		short := map[string]string{"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
		if short[host] != "" {
			host = short[host]
		}
		spec = host + "/" + rest
	} else {
		spec = "github.com/" + spec
	}
	if at := strings.LastIndex(spec, "@"); at >= 0 {
		spec = spec[at+1:]
	}
	return strings.TrimSuffix(spec, ".git")
}

// check fails for packages without an entry if the settings are strict.
func (p *policy) check(tree installscripts.Tree) error {
	if !p.strict {
		return nil
	}
	var lines []string
	for _, one := range tree.Packages {
		_, reviewed := p.verdict(one)
		if line := describeScripts(one); line != "" && !reviewed && !one.Linked && !one.InBundle {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	k := kindWith("install-scripts-not-allowed")
	return &failure.Failure{ID: k.ID, Cause: strings.ReplaceAll(k.Cause, "{{scripted}}", failure.List(lines)), Remedy: k.Remedy}
}

// blocked lists the packages whose scripts did not run for want of an entry.
func (p *policy) blocked() (lines []string) {
	for _, path := range slices.Sorted(maps.Keys(p.refused)) {
		lines = append(lines, describeScripts(p.refused[path]))
	}
	return lines
}

// describeScripts lists a package's install scripts as npm does: "a@1.0.0 (install:
// node a.js; postinstall: node b.js)"; empty without any.
func describeScripts(p installscripts.Package) string {
	var scripts []string
	for _, event := range []string{"preinstall", "install", "postinstall", "prepare"} {
		if p.Runs(event) && (event != "prepare" || p.Source.Kind != deps.FromRegistry) {
			scripts = append(scripts, event+": "+p.Command(event))
		}
	}
	if len(scripts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s@%s (%s)", p.Manifest.Name, p.Manifest.Version, strings.Join(scripts, "; "))
}

// knowsAllowScripts reports whether npm reads allowScripts: since npm 11.16.
func (v versions) knowsAllowScripts() bool {
	version, err := semver.NewVersion(v.NPM)
	since := semver.MustParse("11.16.0")
	return err == nil && !version.LessThan(since)
}
