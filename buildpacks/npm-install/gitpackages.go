package npminstall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/archive"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// makingScripts are the scripts for which npm installs what a git repository needs
// before it packs it.
var makingScripts = []string{"postinstall", "build", "preinstall", "install", "prepack", "prepare"}

// gitPackages returns the installed packages that npm makes of a git repository
// with the help of scripts.
func (l *lifecycle) gitPackages() (all []installscripts.Package) {
	for _, p := range l.tree.Packages {
		has := func(name string) bool { return p.Manifest.Scripts[name] != "" }
		if !p.Linked && p.Source.Kind == deps.FromGit && (p.Manifest.Fields["workspaces"] != nil || slices.ContainsFunc(makingScripts, has)) {
			all = append(all, p)
		}
	}
	return all
}

// makeGitPackages lets npm pack the repositories, with their scripts and for the
// host, each in a folder of its own, and puts what it has packed in place. As npm
// does, it removes an optional one that cannot be made, and returns the paths of what
// it removed.
func (l *lifecycle) makeGitPackages(packages []installscripts.Package) (removed []string, err error) {
	for _, p := range packages {
		if slices.Contains(removed, p.Path) {
			continue
		}
		err := l.makeGitPackage(p)
		var failed *failure.Failure
		if errors.As(err, &failed) && p.Optional {
			var more []string
			more, err = l.runner().LeaveOut(l.tree, p, "npm could not make it of its git repository")
			removed = append(removed, more...)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(packages) == 0 {
		return nil, nil
	}
	if err := l.forget(removed); err != nil {
		return nil, err
	}
	if l.tree, err = l.readTree(); err != nil {
		return nil, err
	}
	return removed, l.linkCommands()
}

func (l *lifecycle) makeGitPackage(p installscripts.Package) error {
	dir, err := os.MkdirTemp("", "npm-pack-")
	if err != nil {
		return fmt.Errorf("making a folder for a git package: %w", err)
	}
	defer os.RemoveAll(dir)
	// The host's npm: what the scripts call runs here.
	if err := l.manager.npm.once().run(l.project.Dir, "pack", p.Resolved, "--pack-destination", dir); err != nil {
		return err
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return fmt.Errorf("packing the git package %s: %w", p.Path, err)
	}
	if len(packed) != 1 {
		return fmt.Errorf("packing the git package %s: got %d archives, want one", p.Path, len(packed))
	}
	if err := clear(p.Dir); err != nil {
		return fmt.Errorf("replacing the git package %s: %w", p.Path, err)
	}
	return archive.Unpack(context.Background(), packed[0], p.Dir, archive.Selection{Dirs: map[string]string{"": "."}})
}

// clear empties a package's folder. The packages that npm has installed in it stay.
func clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != nodemodules.Dir {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}

// linkCommands lets npm link commands again if scripts have made programs that were
// missing when it did.
func (l *lifecycle) linkCommands() error {
	for _, p := range l.tree.Packages {
		for name, file := range p.Programs() {
			if info, err := os.Stat(filepath.Join(p.Dir, file)); err != nil || !info.Mode().IsRegular() {
				continue
			}
			for _, modules := range l.tree.Modules(p) {
				if _, err := os.Lstat(filepath.Join(modules, ".bin", name)); err != nil {
					return l.npm.run(l.project.Dir, "rebuild", "--ignore-scripts")
				}
			}
		}
	}
	return nil
}
