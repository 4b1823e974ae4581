package npminstall

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// run runs the process for one part.
func (b *build) run(p part) error {
	npm, err := b.npmFor(p)
	if err != nil {
		return err
	}
	npm = npm.once()
	which := "--omit=dev"
	if p.dev {
		which = "--include=dev"
		npm = npm.with("NODE_ENV", "development")
	}
	install := npm.run
	if p.target != b.host {
		install = func(_ string, args ...string) error { return b.installCross(npm, p, args...) }
	}
	args := append([]string{which}, b.workspaceArgs(p)...)
	err = b.withoutRootScripts(p, func() error {
		switch b.process {
		case processInstall:
			return b.keepingYarnLock(func() error { return install(b.dir, append([]string{"install"}, args...)...) })
		case processCI:
			return b.withLockfile(npm, func() error { return install(b.dir, append(append([]string{"ci"}, args...), "--prefer-offline")...) })
		}
		return b.rebuild(npm, p, args)
	})
	if err != nil || p.dev {
		return err
	}
	return b.keepClosure()
}

// withLockfile lets an npm that no longer reads npm-shrinkwrap.json find it
// under the name that it reads, for as long as the call takes.
func (b *build) withLockfile(npm npm, call func() error) error {
	stand := filepath.Join(b.dir, npmlock.PackageLock)
	if _, err := os.Lstat(stand); err == nil || npm.versions.readsShrinkwrap() {
		return call()
	}
	b.log.Subprocess("npm %s does not read %s: it is given as %s", npm.versions.NPM, npmlock.Shrinkwrap, npmlock.PackageLock)
	if err := tree.CopyFile(filepath.Join(b.dir, npmlock.Shrinkwrap), stand); err != nil {
		return errors.Join(fmt.Errorf("giving npm the lockfile: %w", err), os.RemoveAll(stand))
	}
	return errors.Join(call(), os.Remove(stand))
}

// rebuild makes vendored modules fit the target.
func (b *build) rebuild(npm npm, p part, which []string) error {
	if p.dev && !b.runsScripts { // who wants modules for the build may do without those for development
		which = append([]string{"--omit=dev"}, which[1:]...)
	}
	if err := b.checkVendored(npm, which); err != nil {
		return err
	}
	script := func(name string) error {
		if strings.TrimSpace(b.root.Scripts[name]) == "" {
			return nil
		}
		return b.runOwn(npm, b.dir, b.root, name, "run-script", name, "--if-present")
	}
	if err := script("preinstall"); err != nil {
		return err
	}
	if err := npm.run(b.dir, "rebuild"); err != nil {
		return err
	}
	if err := script("postinstall"); err != nil || !p.prune {
		return err
	}
	return npm.run(b.dir, "prune", "--omit=dev")
}

// checkVendored asks npm whether the modules are what package.json wants. Some
// that nobody wants do no harm.
func (b *build) checkVendored(npm npm, which []string) error {
	f, err := npm.with("NPM_CONFIG_LOGLEVEL", "error").execute(b.dir, append([]string{"list"}, which...)...)
	if err != nil || f == nil || f.code() == "ELSPROBLEMS" && len(f.unmet()) == 0 {
		return err
	}
	return &failure.Failure{
		ID:    "vendored-modules-incomplete",
		Cause: "vendored node_modules have unmet dependencies: npm list failed" + failure.List(f.unmet()),
		Remedy: "run `npm install` and commit node_modules again, or delete it from the app and commit the lockfile instead: " +
			"then the build installs the dependencies.",
	}
}

// npmFor returns an npm that installs for the part's target.
func (b *build) npmFor(p part) (npm, error) {
	if p.target == b.host {
		return b.npm, nil
	}
	if !b.npm.versions.knowsTargets() && b.hasPlatformPackages() {
		return npm{}, &failure.Failure{
			ID: "npm-too-old-for-target",
			Cause: fmt.Sprintf("npm %s cannot install for %s on %s, and the lockfile has packages that are made for one platform",
				b.npm.versions.NPM, p.target, b.host),
			Remedy: "use npm 10.1 or later, which comes with Node.js 20.9 and later (also 9.9 of npm 9), or build on the target's architecture.",
		}
	}
	return b.npm.forTarget(p.target), nil
}

// hasPlatformPackages tells whether the lockfile has packages that are not
// for every platform. Without a lockfile nobody knows.
func (b *build) hasPlatformPackages() bool {
	if b.lock.File == "" || b.lock.Sparse {
		return true
	}
	for _, p := range b.lock.Packages {
		if p.HasPlatform() {
			return true
		}
	}
	return false
}
