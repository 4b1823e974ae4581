package install_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// monorepo are the package.json files of workspaces: app needs lib, lib needs low,
// app needs gen for development, and nobody needs other.
var monorepo = map[string]object{
	".": {"name": "root", "version": "1.0.0", "workspaces": []any{"packages/*", "packages/app/*"},
		"dependencies": object{"alpha": "^1.0.0", "nested": "1.x"}, "devDependencies": object{"only-dev": "~1.0.0", "maybe": "1.0.0"}},
	"packages/app": {"name": "@app/app", "version": "0.1.0", "bin": object{"app": "tool.js", "tool": "tool.js"},
		"dependencies": object{"lib": "*", "beta": "1", "nested": "2.1.0", "dev-peered": "1.0.0"}, "devDependencies": object{"gen": "*", "dev-own": "1.0.0"}},
	"packages/app/inner": {"name": "inner-app", "version": "0.1.0", "dependencies": object{"nested": "1.0.0", "real": "4"}},
	"packages/lib": {"name": "lib", "version": "0.2.0", "bin": "tool.js",
		"dependencies": object{"low": "*", "peered": "1.0.0"}, "devDependencies": object{"nested": "2.1.0", "only-dev": "1.0.0"}},
	"packages/low":   {"name": "low", "version": "0.3.0", "dependencies": object{"folder": "file:../../folder", "native": "1.0.0"}, "optionalDependencies": object{"maybe": "1.0.0"}},
	"packages/gen":   {"name": "gen", "version": "0.4.0", "bin": "tool.js", "dependencies": object{"alias": "npm:real@^4.0.0"}, "peerDependencies": object{"host": "1.0.0"}},
	"packages/other": {"name": "other", "version": "0.5.0", "bin": "tool.js", "dependencies": object{"@scope/thing": "3", "nested": "2.1.0", "own": "1.0.0"}},
	"folder":         {"name": "folder", "version": "9.0.0", "dependencies": object{"nested": "2.1.0", "shared": "1.0.0"}},
}

// writeMonorepo writes the workspaces, and lets npm make the lockfile, or takes the
// given one.
func (s *side) writeMonorepo(dir string, lock []byte) {
	s.t.Helper()
	for place, manifest := range monorepo {
		write(s.t, dir, filepath.Join(place, "package.json"), manifest)
		writeText(s.t, filepath.Join(dir, place, "tool.js"), "#!/usr/bin/env node\n")
	}
	if lock != nil {
		writeText(s.t, filepath.Join(dir, "package-lock.json"), string(lock))
		return
	}
	command := exec.Command("node", filepath.Join(s.npm, "bin", "npm-cli.js"), "install", "--package-lock-only", "--ignore-scripts", "--install-links=false")
	command.Dir, command.Env = dir, s.env
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("npm install: %s\n%s", err, output)
	}
}

// The tree of one workspace is npm's, too, with folders in folders, whose packages
// npm does not install.
func TestTheTreeOfAWorkspaceIsNPMs(t *testing.T) {
	for _, npm := range npms(t) {
		registry := serve(t)
		var lock []byte
		for _, form := range []selected{
			{workspace: "packages/app", withRoot: true},
			{workspace: "packages/app", omit: []string{"dev"}},
			{workspace: "packages/lib", omit: []string{"dev"}},
			{workspace: "packages/other", withRoot: true, omit: []string{"dev"}},
		} {
			t.Run(fmt.Sprintf("%s %v", versionOf(t, npm), form), func(t *testing.T) {
				s := newSide(t, npm, registry.address)
				s.selected = form
				target := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
				dir := filepath.Join(t.TempDir(), "app")
				s.writeMonorepo(dir, lock)
				var err error
				if lock, err = os.ReadFile(filepath.Join(dir, "package-lock.json")); err != nil {
					t.Fatal(err)
				}
				err = s.install(dir, target, form.omit)
				var handover *npmtree.Handover
				if errors.As(err, &handover) && hasOwnWay(s.npmVersion.String()) {
					t.Skip(handover)
				}
				if err != nil {
					t.Fatal(err)
				}
				got, err := treediff.List(dir)
				if err != nil {
					t.Fatal(err)
				}
				gotRecord, _ := os.ReadFile(filepath.Join(dir, "node_modules/.package-lock.json"))
				if err := tree.Remove(dir); err != nil {
					t.Fatal(err)
				}
				s.writeMonorepo(dir, lock)
				s.npmCI(dir, target, form.omit)
				want, err := treediff.List(dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range treediff.Compare(want, got) {
					t.Error(line)
				}
				if t.Failed() {
					t.Logf("the installer's record:\n%s", gotRecord)
					record(t, dir)
				}
			})
		}
	}
}

// hasOwnWay reports whether a version of npm may install one workspace by itself.
func hasOwnWay(npm string) bool {
	return npm == "11.6.2" || slices.ContainsFunc([]string{"8.", "9.", "10.1.", "10.2.", "10.5.", "10.7."}, func(line string) bool {
		return strings.HasPrefix(npm, line)
	})
}
