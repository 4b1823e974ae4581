package install_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/install"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// foldersVariable names folders of npm's package, with colons between, in place of
// that of the npm on the PATH.
const foldersVariable = "ARMATURE_NPM_FOLDERS"

// npms returns the folders of npm's package to compare with.
func npms(t *testing.T) []string {
	t.Helper()
	npm := tier.Program(t, "npm")
	if folders := os.Getenv(foldersVariable); folders != "" {
		return filepath.SplitList(folders)
	}
	program, err := filepath.EvalSymlinks(npm)
	if err != nil || filepath.Base(program) != "npm-cli.js" {
		t.Skipf("the program npm is not npm's own: %s, %v", program, err)
	}
	return []string{filepath.Dir(filepath.Dir(program))}
}

// side is npm with a registry, in folders of its own.
type side struct {
	t           *testing.T
	npm         string // npm's folder
	home        string
	env         environ.List
	npmVersion  *semver.Version
	nodeVersion *semver.Version
	selected
}

// selected is what is installed of a project with workspaces.
type selected struct {
	workspace string // its folder; empty for everything
	withRoot  bool   // with the root's dependencies
	omit      []string
}

func newSide(t *testing.T, npm, registry string) *side {
	t.Helper()
	s := &side{t: t, npm: npm, home: t.TempDir()}
	s.env = environ.List{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "npm_config_registry=" + registry, "npm_config_audit=false", "npm_config_fund=false",
		"npm_config_update_notifier=false", "npm_config_loglevel=error",
	}
	s.npmVersion = semver.MustParse(versionOf(t, npm))
	output, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	s.nodeVersion = semver.MustParse(strings.TrimSpace(string(output)))
	return s
}

// versionOf returns the version of the npm in a folder.
func versionOf(t *testing.T, npm string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(npm, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pkg struct{ Version string }
	if err := json.Unmarshal(text, &pkg); err != nil {
		t.Fatal(err)
	}
	return pkg.Version
}

// install installs with the installer.
func (s *side) install(dir string, target deps.Platform, omit []string) error {
	s.t.Helper()
	config, err := npmrc.Load(npmrc.Sources{Environ: s.env, ProjectDir: dir, HomeDir: s.home})
	if err != nil {
		return err
	}
	o := npmtree.Options{NPM: s.npmVersion, Node: s.nodeVersion, Host: deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}, Target: target}
	o.Workspace, o.WithRoot = s.workspace, s.withRoot
	include := []string{"dev"}
	if len(omit) > 0 {
		include = nil
	}
	if err := o.Configure(config, omit, include, false); err != nil {
		return err
	}
	planned, err := npmtree.Plan(dir, o)
	if err != nil {
		return err
	}
	main, err := config.Registry()
	if err != nil {
		return err
	}
	registry, err := npmregistry.New(config, main)
	if err != nil {
		return err
	}
	return install.Into(context.Background(), dir, planned, npmregistry.NewArchives(s.t.TempDir(), registry, nil), nil)
}

// npmCI installs with npm.
func (s *side) npmCI(dir string, target deps.Platform, omit []string) {
	s.t.Helper()
	args := []string{filepath.Join(s.npm, "bin", "npm-cli.js"), "ci", "--ignore-scripts", "--include=dev"}
	if len(omit) > 0 {
		args = args[:3]
	}
	if s.workspace != "" {
		args = append(args, "--workspace="+s.workspace)
	}
	if s.withRoot {
		args = append(args, "--include-workspace-root")
	}
	for _, kind := range omit {
		args = append(args, "--omit="+kind)
	}
	if !s.npmVersion.LessThan(semver.MustParse("10.1.0")) {
		args = append(args, "--os="+target.OS, "--cpu="+target.CPU, "--libc="+target.Libc)
	}
	command := exec.Command("node", args...)
	command.Dir, command.Env = dir, s.env
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("npm ci: %s\n%s", err, output)
	}
}

// The installer's tree is npm's, for every rule that the fixture has.
func TestTheTreeIsNPMs(t *testing.T) {
	for _, npm := range npms(t) {
		for _, form := range []string{"resolved", "plain"} {
			for _, omit := range [][]string{nil, {"dev"}} {
				t.Run(fmt.Sprintf("%s %s omit=%v", versionOf(t, npm), form, omit), func(t *testing.T) {
					registry := serve(t)
					s := newSide(t, npm, registry.address)
					target := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
					if !s.npmVersion.LessThan(semver.MustParse("10.1.0")) && form == "resolved" {
						target.CPU = otherCPU
					}
					dir := writeApp(t, registry, form == "resolved")
					if err := s.install(dir, target, omit); err != nil {
						t.Fatal(err)
					}
					got, err := treediff.List(dir)
					if err != nil {
						t.Fatal(err)
					}
					if err := tree.Remove(dir); err != nil {
						t.Fatal(err)
					}
					writeAppTo(t, dir, registry, form == "resolved")
					s.npmCI(dir, target, omit)
					want, err := treediff.List(dir)
					if err != nil {
						t.Fatal(err)
					}
					if len(want) < 30 {
						t.Errorf("npm made only %d files", len(want))
					}
					for _, line := range treediff.Compare(want, got) {
						t.Error(line)
					}
					if t.Failed() {
						record(t, dir)
					}
				})
			}
		}
	}
}

// record shows npm's record, for a comparison by hand.
func record(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", npmtree.RecordFile))
	if err != nil {
		t.Error(err)
	}
	t.Logf("npm's record:\n%s", text)
}
