package modules

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// The install script of a package is no function of the package alone: Prisma's
// client reads a schema of the app, others write into it. Where such a script
// runs, the layer is reused only while the app's files are the same, and not at
// all when the script has changed them. Scripts that only compile or fetch
// binaries, with the tools that most packages use for that, are known.

// appMetadata is the key in a layer's metadata for the digest of the app's
// files. It is there where install scripts of packages took part.
const appMetadata = "app_sha"

// compiling matches a command that only makes the binaries of the package.
var compiling = regexp.MustCompile(`^(?:(?:node-gyp|prebuild-install|node-pre-gyp)(?: [\w@%+=:,./-]+)*|node-gyp-build(?: --[\w=./-]+)*|exit 0|true|:)$`)

// onlyCompiles tells whether a script has no other commands than these.
func onlyCompiles(script string) bool {
	for _, command := range regexp.MustCompile(`&&|\|\||;`).Split(script, -1) {
		if !compiling.MatchString(strings.TrimSpace(command)) {
			return false
		}
	}
	return true
}

// mayReadApp tells, before anything is installed, whether packages may have
// install scripts that are more than that. A sparse lockfile does not say which
// have any.
func (e *engine) mayReadApp() bool {
	return e.project.Lock.File == "" || e.project.Lock.Sparse || slices.ContainsFunc(e.project.Lock.Packages, func(p deps.Package) bool {
		return p.HasInstallScript && p.InNodeModules()
	})
}

// scriptsThatMayReadApp lists the packages in the project's node_modules whose
// install scripts are more than that, and have work to do for the layer's target.
// Found is false where no lockfile lists the packages.
func (e *engine) scriptsThatMayReadApp(s spec) (names []string, found bool, err error) {
	lock, found, err := e.selection.readLock()
	if err != nil || !found {
		return nil, false, err
	}
	for _, one := range lock.Packages {
		if one.Link || !one.InNodeModules() || !one.HasInstallScript && !lock.Sparse || !filepath.IsLocal(one.Path) {
			continue
		}
		dir := filepath.Join(e.project.Dir, one.Path)
		pkg, err := packagejson.Read(dir)
		if err != nil { // not installed here, or the manager has said so
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

// appFiles is a digest of the app's files as they are now, but for modules,
// git's own and the manager's configuration, whose settings are part of the key.
func (e *engine) appFiles() (string, error) {
	digest, err := tree.Digest(e.context.WorkingDir, nodemodules.Dir, ".git", e.manager.Words().Configuration)
	if err != nil {
		return "", fmt.Errorf("reading the app's files: %w", err)
	}
	return digest, nil
}

// rememberApp computes the digest once, before anything has changed the app.
func (e *engine) rememberApp() (err error) {
	if e.digests.app == "" && e.method.Kind != Resolved && e.mayReadApp() {
		e.digests.app, err = e.appFiles()
	}
	return err
}

// installWatched installs what a layer is to have. It returns a digest of the
// app's files as the build began where install scripts may have read them, or
// nothing; reusable is false when they have changed them.
func (i *installer) installWatched(s spec) (app string, reusable bool, err error) {
	if i.digests.app == "" {
		return "", true, i.installFor(s)
	}
	before, err := i.appFiles()
	if err != nil {
		return "", false, err
	}
	if err := i.installFor(s); err != nil {
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
