package npminstall_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npmLines are the release lines of npm that apps are built with. `make
// npm-lines` tries all of them, the other tests the newest beside the one on
// the PATH.
var npmLines = linesToTry([]string{"9", "10", "11", "12"})

// everyLine is whether make npm-lines runs the tests.
var everyLine = os.Getenv("ARMATURE_NPM_LINES") == "all"

func linesToTry(all []string) []string {
	if everyLine {
		return all
	}
	return all[len(all)-1:]
}

// inNewest are the failures that make test tries with the newest npm, too: one of
// each family, and those that only the newest has. make npm-lines tries all of them
// with every line.
var inNewest = []string{
	"registry-refuses-connections", "login-wanted", "package-not-found", "version-not-found", "unknown-authority", "offline-and-not-in-the-cache",
	"archive-differs", "dependency-conflict", "engine-mismatch", "not-for-this-platform", "git-not-allowed", "git-repository-missing",
	"lockfile-out-of-step", "dev-engines", "npm-version-missing",
	"script-of-a-package", "script-of-the-project", "script-of-a-workspace", "install-scripts-not-allowed",
}

// nodeLine is a release line of Node.js that all of them run on.
const nodeLine = "24"

// Each npm fails in words of its own; what is said of it, which stands in
// testdata/failures under the failure's name, is the same but for what it
// repeats of them. The npm on the PATH stands for its release line.
func TestFailures(t *testing.T) {
	t.Parallel()
	needNPM(t)
	for _, name := range inNewest {
		if !slices.ContainsFunc(failures, func(f failing) bool { return f.name == name }) {
			t.Errorf("there is no failure %s", name)
		}
	}
	here := lineOnPath(t)
	for _, line := range slices.Compact(slices.Sorted(slices.Values(append([]string{here}, npmLines...)))) {
		t.Run("npm "+line, func(t *testing.T) {
			t.Parallel()
			dir := ""
			if line != here {
				dir = npmOf(t, line)
			}
			for _, tc := range failures {
				if line != here && !everyLine && !slices.Contains(inNewest, tc.name) {
					continue
				}
				t.Run(tc.name, func(t *testing.T) {
					t.Parallel()
					tc.run(t, dir, line)
				})
			}
		})
	}
}

// lineOnPath is the release line of the npm on the PATH.
func lineOnPath(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("npm", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(version)), ".")
	return line
}

// npmOf returns a folder with the newest npm of a release line and a Node.js
// that it runs on. They come from the registry of npm's own configuration,
// once, and stay in a temporary folder.
func npmOf(t *testing.T, line string) string {
	t.Helper()
	npm := fromRegistry(t, "npm@"+line)
	node := fromRegistry(t, fmt.Sprintf("node-linux-%s@%s", hostTarget(t).Node(), nodeLine))
	dir := t.TempDir()
	for name, program := range map[string]string{
		"npm":  filepath.Join(npm, "npm", "bin", "npm-cli.js"),
		"npx":  filepath.Join(npm, "npm", "bin", "npx-cli.js"),
		"node": filepath.Join(node, "node-linux-"+hostTarget(t).Node(), "bin", "node"),
	} {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fromRegistry returns a folder node_modules with that package. Where it
// cannot be had the test is skipped, in CI it fails.
func fromRegistry(t *testing.T, spec string) string {
	t.Helper()
	place := filepath.Join(os.TempDir(), "armature-test-npm", spec)
	modules := filepath.Join(place, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	half, err := os.MkdirTemp(filepath.Dir(place), "half-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(half)
	cmd := exec.Command("npm", "install", "--prefix", half, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", spec)
	cmd.Dir = half
	if output, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s cannot be had: %s\n%s", spec, err, output)
		}
		t.Skipf("%s cannot be had from the registry: %s\n%s", spec, err, output)
	}
	if err := os.Rename(half, place); err != nil {
		if _, err := os.Stat(modules); err == nil {
			return modules // another test was faster
		}
		t.Fatal(err)
	}
	return modules
}

// Every process works with each npm, and takes the flags that it is given.
func TestProcessesOfEachNPM(t *testing.T) {
	t.Parallel()
	needNPM(t)
	for _, line := range npmLines {
		t.Run("npm "+line, func(t *testing.T) {
			t.Parallel()
			dir := npmOf(t, line)
			for _, tc := range processes {
				t.Run(tc.name, func(t *testing.T) {
					s := newScene(t)
					s.env = s.env.With("PATH", dir+":"+s.env.Get("PATH"))
					s.npms.publish("word", "1.0.0", nil, nil)
					s.npms.publish("dev", "1.0.0", nil, nil)
					s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"^1.0.0"},"devDependencies":{"dev":"1.0.0"}}`})
					tc.prepare(s)
					layers := t.TempDir()
					err, log := s.buildWith(layers, buildAndLaunch)
					if err != nil || !strings.Contains(log, "Selected NPM build process: '"+tc.process+"'") {
						t.Fatalf("got %v, want the process %s\n%s", err, tc.process, log)
					}
					for place, wanted := range map[string]bool{
						"build-modules/node_modules/word": true, "build-modules/node_modules/dev": true,
						"launch-modules/node_modules/word": true, "launch-modules/node_modules/dev": false,
					} {
						if exists(filepath.Join(layers, place, "package.json")) != wanted {
							t.Errorf("whether there is %s is not %t\n%s", place, wanted, log)
						}
					}
					if strings.Contains(log, "npm warn") || strings.Contains(log, "npm WARN") {
						t.Errorf("npm warns:\n%s", log)
					}
				})
			}
		})
	}
}

var processes = []struct {
	name, process string
	prepare       func(s *scene)
}{
	{"no lockfile", "npm install", func(s *scene) {}},
	{"a lockfile", "npm ci", func(s *scene) { s.npms.lock(s.env, s.app) }},
	{"a shrinkwrap", "npm ci", func(s *scene) {
		s.npms.lock(s.env, s.app)
		if err := os.Rename(filepath.Join(s.app, "package-lock.json"), filepath.Join(s.app, "npm-shrinkwrap.json")); err != nil {
			s.t.Fatal(err)
		}
	}},
	{"vendored modules", "npm rebuild", func(s *scene) {
		npm(s.t, s.env, s.app, "install", "--no-audit")
	}},
	{"vendored modules without a lockfile", "npm rebuild", func(s *scene) {
		npm(s.t, s.env, s.app, "install", "--no-audit", "--no-package-lock")
	}},
	{"a vendored cache", "npm ci", func(s *scene) {
		s.npms.lock(s.env, s.app)
		npm(s.t, s.env, s.app, "ci", "--no-audit", "--cache", filepath.Join(s.app, "npm-cache"))
		s.freshApp()
		s.npms.Close()
		s.env = s.env.With("NPM_CONFIG_OFFLINE", "true")
	}},
}
