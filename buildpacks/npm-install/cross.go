package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// An install for another target than the host runs the packages' install scripts
// with the host's Node.js and the target's compiler, so that no program of the
// target runs. npm first installs without scripts, because some of them do harm
// then: esbuild's replaces the target's program with the host's. Then follow the
// scripts of packages that have no binaries for the target yet, and the project's
// own.

// crossTools are the variables with which make, gyp and node-pre-gyp find tools,
// and the tools' GNU names.
var crossTools = []struct{ variable, tool string }{
	{"CC", "gcc"}, {"CXX", "g++"}, {"LINK", "g++"}, {"AR", "ar"}, {"AS", "as"}, {"LD", "ld"},
	{"NM", "nm"}, {"OBJCOPY", "objcopy"}, {"RANLIB", "ranlib"}, {"STRIP", "strip"},
}

// forCompiling returns an environment that compiles native modules for another
// target than the host. Variables that the user set stay.
func forCompiling(e environ.List, t targets.Target) environ.List {
	for _, one := range crossTools {
		e = e.Default(one.variable, t.Triplet()+"-"+one.tool)
	}
	return e
}

// installCross runs npm install or npm ci for another target than the host.
func (m *manager) installCross(npm npm, p modules.Part, args ...string) error {
	if err := npm.run(m.project.Dir, append(args, "--ignore-scripts")...); err != nil {
		return err
	}
	return m.scriptsCross(npm, p)
}

// scriptsCross runs the scripts of an install for another target than the host.
func (m *manager) scriptsCross(npm npm, p modules.Part) error {
	specs, err := scriptsToRun(m.project.Dir, p.Target)
	if err != nil {
		return err
	}
	if len(specs) > 0 {
		if err := npm.run(m.project.Dir, append([]string{"rebuild"}, specs...)...); err != nil {
			return err
		}
		if err := m.warnOfUnapproved(npm, specs); err != nil {
			return err
		}
	}
	return m.ownScripts(npm, p)
}

// unapprovedLine matches a script in the output of `npm install-scripts ls` that
// package.json does not allow.
var unapprovedLine = regexp.MustCompile(`(?m)^  (\S+) \(.*\)$`)

// warnOfUnapproved names the packages whose scripts npm did not run; `npm
// rebuild` only counts them.
func (m *manager) warnOfUnapproved(npm npm, specs []string) error {
	if !npm.versions.blocksScripts() {
		return nil
	}
	output, err := npm.capture(m.project.Dir, "install-scripts", "ls")
	if err != nil {
		return fmt.Errorf("asking which install scripts are allowed: %w", err)
	}
	var blocked []string
	for _, line := range unapprovedLine.FindAllStringSubmatch(string(output), -1) {
		if slices.Contains(specs, line[1]) {
			blocked = append(blocked, strings.TrimSpace(line[0]))
		}
	}
	npm.warnOfBlocked(blocked)
	return nil
}

// scriptsToRun returns the packages whose install scripts are needed, as npm
// package specs, sorted and without duplicates.
func scriptsToRun(dir string, t targets.Target) ([]string, error) {
	text, err := regular.ReadFile(filepath.Join(dir, nodemodules.Dir, hiddenLockfile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // no packages
	}
	if err != nil {
		return nil, fmt.Errorf("reading what npm has installed: %w", err)
	}
	installed, err := npmlock.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading what npm has installed, %s: %w", filepath.Join(nodemodules.Dir, hiddenLockfile), err)
	}
	var specs []string
	for _, p := range installed.Packages {
		if !p.HasInstallScript || p.Link || !p.InNodeModules() {
			continue
		}
		prebuilt, err := native.IsPrebuilt(dir, installed, p, t)
		if err != nil {
			return nil, fmt.Errorf("looking for the binaries of %s: %w", p.Name, err)
		}
		if !prebuilt {
			specs = append(specs, p.Name+"@"+p.Version)
		}
	}
	slices.Sort(specs)
	return slices.Compact(specs), nil
}
