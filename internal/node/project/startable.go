package project

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Startable is a workspace that an image can be made of by itself.
type Startable struct {
	Folder  string // below the root, with slashes
	Name    string // of its package
	App     startup.App
	Scripts []string // the names of its scripts
	Because string   // why it is the project, if it is
}

// Evidence says why it can be started: "package.json: the script start".
func (s Startable) Evidence() string {
	if s.App.Kind == startup.Static {
		return s.App.Site.Evidence
	}
	return s.App.Processes[0].Evidence
}

// FindStartable returns the workspaces of a root that an image can be made of,
// with good evidence: a library often has a main file, too. A workspace whose
// package.json cannot be read is none.
func FindStartable(root string, getenv settings.Getenv) ([]Startable, error) {
	globs, err := globsOf(root)
	if err != nil {
		return nil, err
	}
	folders, err := Workspaces(root, globs)
	if err != nil {
		return nil, err
	}
	var all []Startable
	for _, folder := range folders {
		dir := filepath.Join(root, folder)
		pkg, err := packagejson.Read(dir)
		if err != nil {
			continue
		}
		app, err := startup.Decide(startup.Project{App: dir, Dir: dir, Package: pkg, HasBun: Project{Dir: dir, Root: root}.HasBun(root, getenv)}, getenv)
		if err == nil && app.Kind != startup.None && !app.Weak && !app.LastResort {
			all = append(all, Startable{Folder: folder, Name: pkg.Name, App: app, Scripts: pkg.ScriptNames()})
		}
	}
	return all, nil
}

// globsOf returns the globs of a root's workspaces, of package.json and of pnpm.
func globsOf(root string) ([]string, error) {
	globs, err := packagejson.ReadWorkspaces(root)
	if err != nil {
		return nil, err
	}
	pnpms, err := packagemanager.PNPMPackages(root)
	return append(globs, pnpms...), err
}

// only returns the workspace that an app that nothing starts by itself is about: the
// one that its start script starts through another manager than npm, or the only
// one that can be started; or nil.
func only(root string, getenv settings.Getenv) (*Startable, error) {
	pkg, err := packagejson.Read(root)
	if err != nil {
		return nil, nil // whoever needs the file reports it
	}
	globs, err := globsOf(root)
	if err != nil || len(globs) == 0 {
		return nil, err
	}
	if getenv(settings.StartCommand) != "" || getenv(settings.StaticRoot) != "" || getenv(settings.StartScript) != "" {
		return nil, nil
	}
	app, err := startup.Decide(startup.Project{App: root, Dir: root, Package: pkg, HasBun: Project{Dir: root, Root: root}.HasBun(root, getenv)}, getenv)
	if err != nil {
		return nil, nil
	}
	references := startup.References(pkg.Scripts)
	nothing := app.Kind == startup.None || app.Weak || app.LastResort
	if !nothing && (len(references) == 0 || len(app.Passed) == 0) {
		return nil, nil
	}
	all, err := FindStartable(root, getenv)
	if err != nil {
		return nil, err
	}
	for _, reference := range references {
		var meant []Startable
		for _, one := range all {
			if one.Folder == reference.Folder || reference.Name != "" && one.is(reference.Name) || reference.Each != "" && slices.Contains(one.Scripts, reference.Each) {
				meant = append(meant, one)
			}
		}
		if len(meant) == 1 || len(meant) > 1 && reference.Each == "" {
			meant[0].Because = fmt.Sprintf("the script %s starts the workspace %s", reference.Script, meant[0].Folder)
			return &meant[0], nil
		}
	}
	if !nothing {
		return nil, nil
	}
	if one, err := top(root, globs, all, getenv); one != nil || err != nil {
		return one, err
	}
	if len(all) != 1 || all[0].App.Kind == startup.Static && hasHiddenServer(root, globs, all[0].Folder) {
		return nil, nil
	}
	all[0].Because = all[0].Folder + " is the only workspace that can be started"
	return &all[0], nil
}

// hasHiddenServer reports whether another workspace than a site may be a server:
// it has programs, or a library for servers.
func hasHiddenServer(root string, globs []string, site string) bool {
	folders, err := Workspaces(root, globs)
	return err == nil && slices.ContainsFunc(folders, func(folder string) bool {
		if folder == site {
			return false
		}
		pkg, err := packagejson.Read(filepath.Join(root, folder))
		return err == nil && (pkg.Bin != nil || startup.HasServerLibrary(pkg))
	})
}

// is reports whether a workspace has a name: its package's, or its folder's.
func (s Startable) is(name string) bool {
	return s.Name == name || s.Folder == strings.TrimPrefix(name, "./")
}
