package modules

import (
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/project"
)

// selection is the part of the lockfile to install.
type selection struct {
	manager  Manager
	project  *Project
	closures map[bool]deps.Closure // of the workspace, by whether they include devDependencies
}

func newSelection(manager Manager, project *Project) selection {
	return selection{manager: manager, project: project, closures: map[bool]deps.Closure{}}
}

// readLock reads the lockfile of the install folder, or else the manager's record
// in node_modules.
func (s selection) readLock() (lock deps.Graph, found bool, err error) {
	if lock, found, err = s.manager.ReadLock(s.project.Dir); found || err != nil {
		return lock, found, err
	}
	lock, found = s.manager.ReadInstalled(s.project.Dir)
	return lock, found, nil
}

// closure returns the workspace's dependencies. Known is false for a project that
// is no workspace, and without a lockfile.
func (s selection) closure(dev bool) (closure deps.Closure, known bool, err error) {
	if s.project.Workspace == "" {
		return deps.Closure{}, false, nil
	}
	if closure, known = s.closures[dev]; known {
		return closure, true, nil
	}
	lock, found, err := s.readLock()
	if err != nil || !found {
		return deps.Closure{}, false, err
	}
	if closure, known = lock.Closure(s.project.Workspace, dev); known {
		s.closures[dev] = closure
	}
	return closure, known, nil
}

// installed returns a function that reports whether a path in the lockfile is
// installed.
func (s selection) installed(dev bool) (func(path string) bool, error) {
	closure, known, err := s.closure(dev)
	if err != nil || !known {
		return func(string) bool { return true }, err
	}
	var root deps.Closure
	if dev {
		lock, _, err := s.readLock()
		if err != nil {
			return nil, err
		}
		root, _ = lock.Closure("", true)
	}
	return func(path string) bool { return closure.Packages[path] || root.Packages[path] }, nil
}

// folders returns the workspaces and file: dependencies whose package.json and
// scripts affect an install, besides the install folder.
func (s selection) folders(dev bool) ([]string, error) {
	closure, known, err := s.closure(dev)
	if known {
		return closure.Folders, nil
	}
	return s.project.Lock.Folders(), err
}

// starts returns the folders whose dependencies are installed: the workspace's, or
// the project's and those of its existing workspaces.
func (s selection) starts() []string {
	if s.project.Workspace != "" {
		return []string{s.project.Workspace}
	}
	starts := []string{""}
	for _, folder := range s.project.Lock.Folders() {
		if project.IsWorkspace(s.project.Workspaces, folder) && tree.Exists(filepath.Join(s.project.Dir, folder)) {
			starts = append(starts, folder)
		}
	}
	return starts
}

func describeFolder(folder string) string {
	if folder == "" {
		return "the project"
	}
	return "the workspace " + folder
}
