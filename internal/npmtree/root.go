package npmtree

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
)

// newerFields are the fields of a root package.json with which a newer npm changes
// packages.
var newerFields = []string{"packageExtensions", "patchedDependencies"}

// checkRoot compares the project's package.json with the lockfile's entry for it.
// If they differ, npm makes a new tree, or an error.
func (t *tree) checkRoot(o Options) error {
	entry := t.lock.object("packages").object("")
	if !sameDependencies(t.root.entry, entry) {
		return handover("package.json does not fit the lockfile")
	}
	for _, field := range newerFields {
		if t.root.entry.is(field) {
			return handover("package.json has %s", field)
		}
	}
	if err := isNormal(entry); err != nil {
		return handover("the lockfile's entry for the project: %s", err)
	}
	return nil
}

// checkWorkspaces compares the workspaces in the project's folder with the
// lockfile's, and adds the root's dependencies on them.
func (t *tree) checkWorkspaces() error {
	globs, err := packagejson.ReadWorkspaces(t.dir)
	if err != nil {
		return handover("the workspaces of package.json: %s", err)
	}
	if len(globs) == 0 {
		return nil
	}
	locked := t.lock.object("packages").object("").values["workspaces"]
	if !sameGlobs(locked, globs) {
		return handover("the workspaces of package.json do not fit the lockfile")
	}
	found := map[string]bool{}
	err = filepath.WalkDir(t.dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == t.dir {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(t.dir, filepath.Dir(file))
		if entry.Name() == packagejson.FileName && rel != "." && project.IsWorkspace(globs, filepath.ToSlash(rel)) {
			found[filepath.ToSlash(rel)] = true
		}
		return err
	})
	if err != nil {
		return handover("looking for workspaces: %s", err)
	}
	return t.linkWorkspaces(globs, found)
}

// linkWorkspaces requires a link in the lockfile for every workspace, and a
// workspace for every such link.
func (t *tree) linkWorkspaces(globs packagejson.Workspaces, found map[string]bool) error {
	for _, n := range t.nodes {
		if !n.link || !n.target.isTop() || !project.IsWorkspace(globs, n.target.place) {
			continue
		}
		name := n.target.entry.text("name")
		if !found[n.target.place] || n.parent != t.root || n.name != name && (name != "" || path.Base(n.target.place) != n.name) {
			return handover("the workspace %s does not fit the lockfile", n.target.place)
		}
		delete(found, n.target.place)
		e := &edge{from: t.root, name: n.name, spec: "file:" + n.target.place, kind: workspace, to: n}
		for _, other := range t.root.out {
			if other.name == n.name {
				return handover("the workspace %s is a dependency, too", n.target.place)
			}
		}
		t.root.out = append([]*edge{e}, t.root.out...)
		n.in = append(n.in, e)
		n.target.isWorkspace = true
	}
	for place := range found {
		return handover("the lockfile does not have the workspace %s", place)
	}
	return nil
}

// sameGlobs compares the lockfile's workspaces with those of package.json.
func sameGlobs(locked any, globs packagejson.Workspaces) bool {
	if object, ok := locked.(*object); ok {
		locked = object.values["packages"]
	}
	list, _ := locked.([]any)
	if len(list) != len(globs) {
		return false
	}
	for i, one := range list {
		if one != any(globs[i]) || strings.Contains(globs[i], "/.") {
			return false
		}
	}
	return true
}
