package startup

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
)

// strong returns the process of the first framework with a clear outcome.
func (d *decider) strong() *Process { return d.outcomeOf(false) }

// weak returns the process of a framework or library that may be there for
// something else.
func (d *decider) weak() *Process { return d.outcomeOf(true) }

func (d *decider) outcomeOf(weak bool) *Process {
	for _, one := range d.found {
		if one.Weak != weak || weak && d.unfit {
			continue
		}
		p, ok := d.process(one)
		if ok || d.setSite(one) {
			if one.Note != "" {
				d.app.Notes = append(d.app.Notes, fmt.Sprintf("%s: %s", one.Name, one.Note))
			}
			d.app.Framework, d.app.FrameworkBy = one.Name, one.evidence
			d.app.Weak = d.app.Weak || weak || !d.Built && !d.mayBuild()
			return p
		}
		if one.None != "" {
			d.unfit, d.app.Fix = true, one.Fix // another framework is only a part of this one
			return nil
		}
	}
	if !weak {
		d.looked("a framework with a server or a site")
	}
	return nil
}

// process returns the process of a framework's outcome.
func (d *decider) process(one found) (*Process, bool) {
	because := fmt.Sprintf("%s (%s)", one.Name, one.evidence)
	switch {
	case one.None != "":
		d.passed(fmt.Sprintf("%s: %s", because, one.None))
		return nil, false
	case one.Start != "":
		p := Process{Type: WebProcess, Command: strings.Join(append(slices.Clone(one.Sets), one.Start), " "), Evidence: because, Port: one.Port, Listens: one.Listens}
		if why := d.cannotRun(p); why != "" {
			d.passed(because + ": " + why)
			return nil, false
		}
		return &p, true
	case len(one.Entries) == 0:
		return nil, false
	}
	file := d.entry(one)
	if file == "" {
		d.looked(fmt.Sprintf("%s: %s", because, strings.Join(one.Entries, ", ")))
		return nil, false
	}
	p := d.node(file, because, one.Sets...)
	if one.Weak && !d.makes(file) {
		p = d.source(file, because)
	}
	p.Port, p.Listens, p.Beside = one.Port, one.Listens, one.Beside
	return &p, true
}

// entry returns the first of a framework's files that exists. Before the build it
// is the first one, unless the framework may be there for something else.
func (d *decider) entry(one found) string {
	for _, pattern := range one.Entries {
		for _, file := range d.glob(pattern) {
			if d.isFile(file) && one.Weak && d.onlyExports(file) {
				d.looked(file + ", which only exports")
			} else if d.isFile(file) {
				return file
			}
		}
	}
	if d.Built || one.Weak && (!d.mayBuild() || len(d.pkg.Programs()) == 1) { // a program says more than a guess
		return ""
	}
	return strings.ReplaceAll(one.Entries[0], "*", d.star(one.outcome))
}

// star is what a * in an outcome's files stands for before the build: what its
// configuration names, or else the project's folder.
func (d *decider) star(o outcome) string {
	for _, text := range d.read(o.Config) {
		if found := regexp.MustCompile(o.Star).FindStringSubmatch(text); len(found) > 1 {
			return found[1]
		}
	}
	return strings.TrimPrefix(filepath.Base(d.Dir), "/")
}

// Site is a folder of files for a web server.
type Site struct {
	// Roots are patterns of folders, relative to the project's, in order, see
	// [Site.Root].
	Roots []string

	// Fallback is the page for paths without a file, relative to the root, or
	// empty. Then a page 404.html, if there is one, says that there is none.
	Fallback string

	// Hashed are prefixes of paths whose files have a hash of their content in the
	// name: "/assets/". HashedNames is a regular expression for such paths, or
	// empty.
	Hashed      []string
	HashedNames string

	Evidence string // "Vite (vite is a dependency)"
}

// Root returns the first folder of the site that has an index.html, relative to
// the project's folder, or an empty text.
func (s Site) Root(dir string) string {
	d := decider{Project: Project{Dir: dir}}
	for _, pattern := range s.Roots {
		for _, folder := range d.glob(pattern) {
			if d.isFile(filepath.Join(folder, index)) {
				return folder
			}
		}
	}
	return ""
}

// index is the file of a folder's page.
const index = "index.html"

// setSite sets the site of a framework's outcome.
func (d *decider) setSite(one found) bool {
	if len(one.Static) == 0 {
		return false
	}
	site := Site{
		Roots: d.roots(one.outcome), Fallback: one.Fallback, Hashed: one.Hashed, HashedNames: one.HashedNames,
		Evidence: fmt.Sprintf("%s (%s)", one.Name, one.evidence),
	}
	if one.FallbackKey != "" {
		site.Fallback = d.configured(one.Config, one.FallbackKey)
	}
	if d.Built && site.Root(d.Dir) == "" || !d.Built && !d.mayBuild() && site.Root(d.Dir) == "" {
		d.looked(fmt.Sprintf("%s: an %s in %s", site.Evidence, index, strings.Join(site.Roots, ", ")))
		return false
	}
	d.app.Kind, d.app.Site = Static, site
	return true
}

// roots returns the patterns of an outcome's folders, with the configured one.
func (d *decider) roots(o outcome) []string {
	root := ""
	for _, script := range d.builds() {
		if root == "" {
			root = optionIn(script, o.RootOptions, o.RootVariable)
		}
	}
	if root == "" && o.RootKey != "" {
		root = d.configured(o.Config, o.RootKey)
	}
	if root = filepath.Clean("/" + root)[1:]; root == "" {
		return slices.DeleteFunc(slices.Clone(o.Static), func(pattern string) bool { return strings.Contains(pattern, "{root}") })
	}
	root = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(root)
	all := []string{}
	if !strings.Contains(strings.Join(o.Static, " "), "{root}") {
		all = append(all, root)
	}
	for _, pattern := range o.Static {
		all = append(all, strings.ReplaceAll(pattern, "{root}", root))
	}
	return all
}

// optionIn returns the value of one of some options, or of a variable, in a
// script: "x" for "vite build --outDir=x".
func optionIn(script string, options []string, variable string) string {
	words := strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(" \t\n;&|'\"", r) })
	for i, word := range words {
		name, value, joined := strings.Cut(word, "=")
		switch {
		case joined && (slices.Contains(options, name) || variable != "" && name == variable):
			return value
		case !joined && slices.Contains(options, name) && i+1 < len(words):
			return words[i+1]
		}
	}
	return ""
}

// configured returns the text of a key in a configuration file.
func (d *decider) configured(pattern, key string) string {
	for _, text := range d.read(pattern) {
		found := regexp.MustCompile(`\b` + regexp.QuoteMeta(key) + `['"]?\s*:\s*(?:\{\s*['"]?base['"]?\s*:\s*)?['"]([^'"]+)['"]`).FindStringSubmatch(text)
		if found != nil {
			return found[1]
		}
	}
	return ""
}

// siteOfSetting sets the site of BP_STATIC_ROOT.
func (d *decider) siteOfSetting(root string) error {
	if !filepath.IsLocal(filepath.Clean(root)) {
		return &failure.Failure{
			ID:     "setting-invalid",
			Cause:  fmt.Sprintf("%s is %q, want a folder of the project", settings.StaticRoot, root),
			Remedy: fmt.Sprintf("set %s to the folder that the build makes, relative to the project's folder, or leave it unset.", settings.StaticRoot),
		}
	}
	site := Site{Roots: []string{strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(filepath.Clean(root))}, Evidence: settings.StaticRoot}
	for _, one := range d.found {
		if len(one.Static) > 0 {
			site.Fallback, site.Hashed, site.HashedNames = one.Fallback, one.Hashed, one.HashedNames
			break
		}
	}
	d.app.Kind, d.app.Site = Static, site
	return nil
}

// readyFolders are folders that often hold a site that needs no build.
var readyFolders = []string{"public", "dist", "build", "site", "www", "docs", "_site", "out"}

// ready sets the site of a project that has one already.
func (d *decider) ready() {
	site := Site{Roots: readyFolders, Evidence: "an " + index + " in the project"}
	if !d.hasPackage() {
		site.Roots = append([]string{"."}, readyFolders...)
	}
	if site.Root(d.Dir) == "" {
		d.looked(fmt.Sprintf("an %s in %s", index, strings.Join(site.Roots[:3], ", ")))
		return
	}
	d.app.Kind, d.app.Site, d.app.Weak = Static, site, true
}
