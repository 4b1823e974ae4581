package npminstall

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// A process is the way in which the dependencies are installed.
type process string

const (
	processInstall process = "npm install"
	processCI      process = "npm ci"
	processRebuild process = "npm rebuild" // the app vendors its node_modules
)

// kindOf says for each process what chooses the versions.
var kindOf = map[process]modules.Kind{processInstall: modules.Resolved, processCI: modules.Frozen, processRebuild: modules.Vendored}

// vendoredCacheDir is the folder of the app that may hold npm's cache.
const vendoredCacheDir = "npm-cache"

// inputs decide the process.
type inputs struct {
	lockfile string // the file's name, or empty
	modules  bool   // node_modules has packages
	cache    bool   // npm-cache is a folder
}

// inspect reads the inputs of the project in dir, and removes a node_modules that
// is only a link. Folders that are empty, or hold nothing but npm's own hidden
// files, count as missing.
func inspect(dir string) (inputs, error) {
	var found inputs
	for _, name := range lockfiles {
		switch _, err := os.Stat(filepath.Join(dir, name)); {
		case err == nil:
			found.lockfile = name
		case !errors.Is(err, fs.ErrNotExist):
			return inputs{}, err
		}
	}
	modules := filepath.Join(dir, nodemodules.Dir)
	if info, err := os.Lstat(modules); err == nil && info.Mode().Type() == fs.ModeSymlink {
		// A previous build in the same folder left it. npm ci would empty the
		// layer that it points to.
		if err := os.Remove(modules); err != nil {
			return inputs{}, err
		}
	}
	var err error
	if found.modules, err = tree.IsFilled(modules); err != nil {
		return inputs{}, err
	}
	found.cache, err = tree.IsFilled(filepath.Join(dir, vendoredCacheDir))
	return found, err
}

// process decides. Vendored modules take precedence over a lockfile, unless there
// is also a cache to install from.
func (i inputs) process() process {
	switch {
	case i.lockfile == "" && !i.modules:
		return processInstall
	case i.lockfile == "", i.modules && !i.cache:
		return processRebuild
	}
	return processCI
}

// describe logs the inputs and the decision.
func (i inputs) describe(log scribe.Emitter) {
	lock := i.lockfile
	if lock == "" {
		lock = npmlock.PackageLock
	}
	log.Process("Resolving installation process")
	log.Subprocess("Process inputs:")
	for _, row := range []struct {
		name  string
		found bool
	}{{nodemodules.Dir, i.modules}, {vendoredCacheDir, i.cache}, {lock, i.lockfile != ""}} {
		answer := "Not found"
		if row.found {
			answer = "Found"
		}
		log.Action("%-20s -> %q", row.name, answer)
	}
	log.Break()
	log.Subprocess("Selected NPM build process: '%s'", i.process())
	log.Break()
}
