package project

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// members are the workspaces of a root by the names of their packages, as folders
// below it with slashes. One whose package.json cannot be read is none.
type members map[string]member

type member struct {
	folder string
	pkg    packagejson.Package
}

func readMembers(root string, folders []string) members {
	all := members{}
	for _, folder := range folders {
		if pkg, err := packagejson.Read(filepath.Join(root, folder)); err == nil {
			name := pkg.Name
			if name == "" {
				name = folder
			}
			all[name] = member{folder, pkg}
		}
	}
	return all
}

// needed returns the names of the workspaces that one depends on at launch, also
// through others, without itself.
func (m members) needed(name string) (all []string) {
	queue := []string{name}
	for len(queue) > 0 {
		for dependency := range m[queue[0]].pkg.Dependencies {
			if _, ok := m[dependency]; ok && dependency != name && !slices.Contains(all, dependency) {
				all, queue = append(all, dependency), append(queue, dependency)
			}
		}
		queue = queue[1:]
	}
	return all
}

// serves reports whether a workspace that one depends on has a library for servers.
func (m members) serves(name string) bool {
	return slices.ContainsFunc(m.needed(name), func(other string) bool { return startup.HasServerLibrary(m[other].pkg) })
}

// ServesThrough reports whether a workspace depends on another one that has a
// library for servers. It is false for what is no workspace, and if the list of
// workspaces cannot be read, which others report.
func (p Project) ServesThrough() bool {
	if p.Dir == p.Root {
		return false
	}
	globs, err := globsOf(p.Root)
	if err != nil {
		return false
	}
	folders, err := Workspaces(p.Root, globs)
	if err != nil {
		return false
	}
	all := readMembers(p.Root, folders)
	for name, one := range all {
		if one.folder == p.Workspace() {
			return all.serves(name)
		}
	}
	return false
}

// top returns the workspace that has all others that can be started among its
// dependencies, such as a server that brings its site: one that can be started, or,
// if the others are sites, one whose program starts a server of the workspaces. It is
// nil if there is none, or several.
func top(root string, globs []string, startable []Startable, getenv settings.Getenv) (*Startable, error) {
	folders, err := Workspaces(root, globs)
	if err != nil || len(startable) == 0 {
		return nil, err
	}
	all := readMembers(root, folders)
	onlySites := !slices.ContainsFunc(startable, func(s Startable) bool { return s.App.Kind != startup.Static })
	var found []*Startable
	for name, one := range all {
		needed := all.needed(name)
		isOther := func(s Startable) bool { return s.Folder != one.folder && !slices.Contains(needed, s.Name) }
		if len(needed) == 0 || slices.ContainsFunc(startable, isOther) {
			continue
		}
		dir := filepath.Join(root, one.folder)
		app, err := startup.Decide(startup.Project{App: dir, Dir: dir, Package: one.pkg, ServesThrough: all.serves(name)}, getenv)
		if err == nil && app.Kind == startup.Server && !app.LastResort && (!app.Weak || onlySites && one.pkg.Bin != nil && all.serves(name)) {
			found = append(found, &Startable{Folder: one.folder, Name: name, App: app, Scripts: one.pkg.ScriptNames(),
				Because: fmt.Sprintf("%s is the only workspace that can be started and that no other one needs", one.folder)})
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	return found[0], nil
}
