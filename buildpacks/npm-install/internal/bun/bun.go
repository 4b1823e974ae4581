// Package bun installs dependencies with Bun, as a [modules.Manager].
//
// Bun installs without scripts, in the hoisted layout that its lockfile describes,
// for the target of each layer; package installscripts then runs the scripts of the
// packages that Bun trusts.
package bun

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// configFile is the name of Bun's configuration in a project's folder.
const configFile = "bunfig.toml"

// frozen and resolved are the ways in which Bun installs.
const (
	frozen   = "bun install --frozen-lockfile"
	resolved = "bun install"
)

// ofPackages are the scripts of packages that Bun runs on install, in order.
var ofPackages = []string{"preinstall", "install", "postinstall"}

// folderScripts are those of the project and its workspaces: of the latter Bun runs
// prepare without its hooks.
func folderScripts(folder string) []string {
	if folder != "" {
		return slices.Concat(ofPackages, []string{"prepare"})
	}
	return slices.Concat(ofPackages, []string{"preprepare", "prepare", "postprepare"})
}

// manager is Bun in one build.
type manager struct {
	env       environ.List
	log       scribe.Emitter
	request   programs.Request
	context   packit.BuildContext
	project   *modules.Project
	kind      modules.Kind
	vendored  bool // the app has its own modules
	program   programs.Program
	version   *semver.Version
	newer     programs.Program // for what the program cannot do: installing for another platform, reading a binary lockfile; or no version
	text      []byte           // what Bun reads of a binary lockfile, as bun.lock; nil before Prepare
	downloads *modules.Downloads
	node      nodeVersions
	config    config

	saidIgnored bool // that no install script runs
}

// New returns the manager for a requested Bun.
func New(env environ.List, log scribe.Emitter, request programs.Request) modules.Manager {
	return &manager{env: env, log: log, request: request}
}

func (m *manager) Words() modules.Words {
	return modules.Words{
		Name: "bun", CacheLayer: "bun-cache", Lockfiles: []string{bunlock.Text, bunlock.Binary}, Configuration: configFile,
		FolderScripts: folderScripts, KeepDev: "NPM_CONFIG_INCLUDE=dev", Relock: "delete bun.lock and node_modules, run `bun install`",
	}
}

// ReadLock reads bun.lock, or what Bun reads of bun.lockb, and marks every package:
// the lockfile does not say which have install scripts.
func (m *manager) ReadLock(dir string) (deps.Graph, bool, error) {
	graph, found, err := bunlock.Read(dir)
	if err == nil && !found && tree.Exists(filepath.Join(dir, bunlock.Binary)) {
		graph, err = m.binaryLock()
		found = err == nil
	}
	for i := range graph.Packages {
		p := &graph.Packages[i]
		p.HasInstallScript = !p.Link && p.InNodeModules()
	}
	return graph, found, err
}

// ReadInstalled finds nothing: Bun leaves no record in node_modules.
func (m *manager) ReadInstalled(string) (deps.Graph, bool) { return deps.Graph{}, false }

func (m *manager) Inspect(p *modules.Project) (method modules.Method, err error) {
	m.project = p
	if err := m.readsLock(); err != nil {
		return method, err
	}
	if m.vendored, err = tree.IsFilled(filepath.Join(p.Dir, nodemodules.Dir)); err != nil {
		return method, err
	}
	if err := checkFolders(p); err != nil {
		return method, err
	}
	name := resolved
	if p.Lock.File != "" {
		m.kind, name = modules.Frozen, frozen
	}
	return modules.Method{Kind: m.kind, Name: name, KeepsDev: m.keepsDev(), ReadsLate: p.Lock.File == bunlock.Binary}, nil
}

// readsText is the first Bun that reads [bunlock.Text]; older ones pass over it.
const readsText = "1.1.39"

// readsLock returns an error for a Bun that is older than the lockfile's format.
func (m *manager) readsLock() error {
	version, err := semver.NewVersion(m.request.Version)
	if err != nil || m.project.Lock.File != bunlock.Text || since(version, readsText) {
		return nil // Prepare reports what is no version
	}
	return &failure.Failure{
		ID:    "package-manager-too-old",
		Cause: fmt.Sprintf("%s asks for Bun %s, which does not read %s: want %s or later", m.request.Source, version, bunlock.Text, readsText),
		Remedy: fmt.Sprintf("name a newer Bun, with which the lockfile was written; %s names it for the build (^1).",
			programs.Variables[packagemanager.Bun]),
	}
}

func (m *manager) Describe() error {
	if m.vendored {
		m.log.Process("WARNING: the app's own %s is not used: Bun installs what the lockfile and package.json say", nodemodules.Dir)
		m.log.Break()
	}
	if m.kind == modules.Resolved && !m.project.IsEmpty() {
		m.log.Process("WARNING: there is no lockfile: Bun chooses the versions of the dependencies anew in every build, so that the same source may give another image")
		m.log.Subprocess("`bun install` in the project's folder writes %s; commit it.", bunlock.Text)
		m.log.Break()
	}
	return nil
}

func (m *manager) Prepare(context packit.BuildContext, downloads *modules.Downloads, atLaunch bool) (layers []packit.Layer, err error) {
	m.context, m.downloads = context, downloads
	if m.program, layers, err = m.request.Get(context, m.env, m.log, m.project.Dir, atLaunch); err != nil {
		return nil, err
	}
	if m.version, err = semver.NewVersion(m.program.Version); err != nil {
		return nil, fmt.Errorf("the version of Bun: %w", err)
	}
	if m.node, err = askNode(m.env, context.Layers.Path); err != nil {
		return nil, err
	}
	if m.config, err = readConfig(m.env, context.Platform.Path, m.log); err != nil {
		return nil, err
	}
	more, err := m.prepareNewer()
	if err != nil {
		return nil, err
	}
	return append(layers, more...), m.readBinary()
}

// prepareNewer gets the newest Bun, if the app's cannot install for another platform
// than its own, and the target is one, or cannot read a binary lockfile for the
// build. The lockfile has the versions and the places of all packages, whichever Bun
// installs them.
func (m *manager) prepareNewer() (layers []packit.Layer, err error) {
	target, err := targets.FromEnv(m.env.Get)
	if err != nil {
		return nil, err
	}
	host, err := targets.Host()
	if err != nil {
		return nil, err
	}
	why := ""
	switch {
	case host != target && !since(m.version, hasPlatforms):
		why = fmt.Sprintf("Bun %s cannot install for %s", m.version, target)
	case m.project.Lock.File == bunlock.Binary && !since(m.version, writesText):
		why = fmt.Sprintf("Bun %s does not write %s as text", m.version, bunlock.Binary)
	default:
		return nil, nil
	}
	m.newer, layers, err = programs.Newest(packagemanager.Bun, "bun-newer", why).Get(m.context, m.env, m.log, m.project.Dir, false)
	return layers, err
}

// since reports whether a Bun is of a version or a later one.
func since(has *semver.Version, version string) bool {
	return !has.LessThan(semver.MustParse(version))
}

func (m *manager) WriteLock() error {
	return m.run(m.program, m.project.Dir, "install", "--lockfile-only", "--ignore-scripts")
}

// Unmet is nothing: modules that the app brings are not used.
func (m *manager) Unmet() ([]string, error) { return nil, nil }

func (m *manager) Repair([]deps.Gap) (string, error) {
	return "delete bun.lock, run `bun install` and commit what it writes; it may choose newer versions that the ranges in package.json allow.", nil
}

func (m *manager) Environment() (build, launch packit.Environment) {
	build = packit.Environment{}
	if m.config.binding != "" {
		build.Default(npmrc.GlobalVariable, m.config.binding) // for npm
	}
	return build, packit.Environment{}
}

// folders returns the folders with a package.json that the install reads.
func (m *manager) folders(p modules.Part) []string {
	return slices.Concat([]string{""}, p.Folders)
}
