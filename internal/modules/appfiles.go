package modules

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// A package's install script may depend on the app: Prisma's client reads a schema
// of the app, others write into it. If such a script runs, the layer is reused only
// while the app's files are unchanged, and never if the script changed them.
// Scripts that only compile or fetch binaries with the usual tools are exempt.

// appMetadata is the layer metadata key for the digest of the app's files. It is
// set if install scripts of packages ran.
const appMetadata = "app_sha"

// compiling matches a command that only makes the package's binaries.
var compiling = regexp.MustCompile(`^(?:(?:node-gyp|prebuild-install|node-pre-gyp)(?: [\w@%+=:,./-]+)*|node-gyp-build(?: --[\w=./-]+)*|exit 0|true|:)$`)

// onlyCompiles reports whether all of a script's commands match compiling.
func onlyCompiles(script string) bool {
	for _, command := range regexp.MustCompile(`&&|\|\||;`).Split(script, -1) {
		if !compiling.MatchString(strings.TrimSpace(command)) {
			return false
		}
	}
	return true
}

// mayReadApp reports, before the install, whether packages may have install scripts
// that may read the app. A sparse lockfile does not list install scripts.
func (e *engine) mayReadApp() bool {
	return e.project.Lock.File == "" || e.project.Lock.Sparse || slices.ContainsFunc(e.project.Lock.Packages, func(p deps.Package) bool {
		return p.HasInstallScript && p.InNodeModules()
	})
}

// decided are settings that only say what a build decides, see armature init: what
// they change is in the key by itself.
var decided = []string{settings.NodeVersion, managerchoice.Variable, settings.RunScripts, settings.StartCommand, settings.StaticRoot, settings.ProjectPath}

// scriptVariables returns the variables that the user sets for the build, sorted, if
// install scripts of packages may read them. It leaves out credentials of the
// manager's, since a new token changes nothing, and what is decided.
func (e *engine) scriptVariables() (all []string, err error) {
	if e.method.Kind == Resolved || !e.mayReadApp() {
		return nil, nil
	}
	return e.userVariables()
}

// userVariables returns the variables that the user sets for the build, sorted,
// without credentials of the manager's.
func (e *engine) userVariables() (all []string, err error) {
	entries, err := os.ReadDir(filepath.Join(e.context.Platform.Path, "env"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		if secret := e.manager.Words().Secret; slices.Contains(decided, name) || secret != nil && secret(name) {
			continue
		}
		value, err := regular.ReadFile(filepath.Join(e.context.Platform.Path, "env", name))
		if err != nil {
			return nil, err
		}
		all = append(all, name+"="+string(value))
	}
	return all, nil
}

// scriptsThatMayReadApp lists the packages in the project's node_modules whose
// install scripts may read the app and are needed for the layer's target. Found is
// false if no lockfile lists the packages.
func (e *engine) scriptsThatMayReadApp(s spec) (names []string, found bool, err error) {
	lock, found, err := e.selection.readLock()
	if err == nil && lock.Virtual {
		lock, found = e.manager.ReadInstalled(e.project.Dir)
	}
	if err != nil || !found {
		return nil, false, err
	}
	for _, one := range lock.Packages {
		if one.Link || !one.InNodeModules() || !one.HasInstallScript && !lock.Sparse || !filepath.IsLocal(one.Path) {
			continue
		}
		dir := filepath.Join(e.project.Dir, one.Path)
		pkg, err := packagejson.Read(dir)
		if err != nil { // not installed here, or the manager has reported it
			continue
		}
		plain := true
		for _, name := range []string{"preinstall", "install", "postinstall"} {
			plain = plain && (strings.TrimSpace(pkg.Scripts[name]) == "" || onlyCompiles(pkg.Scripts[name]))
		}
		if plain {
			continue
		}
		prebuilt, err := native.IsPrebuilt(e.project.Dir, lock, one, s.target)
		if err != nil {
			return nil, false, fmt.Errorf("looking for the binaries of %s: %w", one.Name, err)
		}
		if !prebuilt {
			names = append(names, one.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true, nil
}

// appFiles returns a digest of the app's current files, without modules, git's own
// files and the manager's configuration, whose settings are in the key.
func (e *engine) appFiles() (string, error) {
	digest, err := tree.Digest(e.context.WorkingDir, nodemodules.Dir, ".git", e.manager.Words().Configuration)
	if err != nil {
		return "", fmt.Errorf("reading the app's files: %w", err)
	}
	return digest, nil
}

// rememberApp computes the digest once, before the build changes the app.
func (e *engine) rememberApp() (err error) {
	if e.digests.app == "" && e.method.Kind != Resolved && e.mayReadApp() {
		e.digests.app, err = e.appFiles()
	}
	return err
}

// installWatched installs a layer's packages. It returns a digest of the app's
// original files if install scripts may have read them, or ""; reusable is false if
// the scripts changed them.
func (i *installer) installWatched(s spec, kept *Kept) (app string, reusable bool, err error) {
	if i.digests.app == "" {
		return "", true, i.installFor(s, kept)
	}
	before, err := i.appFiles()
	if err != nil {
		return "", false, err
	}
	if err := i.installFor(s, kept); err != nil {
		return "", false, err
	}
	names, known, err := i.scriptsThatMayReadApp(s)
	if err != nil || known && len(names) == 0 {
		return "", true, err
	}
	after, err := i.appFiles()
	if err != nil {
		return "", false, err
	}
	if after != before {
		i.log.Subprocess("The layer will not be reused: install scripts have changed the app (%s)", strings.Join(names, ", "))
	}
	return i.digests.app, after == before, nil
}
