package modules

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Manager is a package manager in one build. The engine calls Inspect, Describe and
// Prepare once, in this order, and then the methods below them; Words, ReadLock and
// ReadInstalled at any time.
type Manager interface {
	// Words are the manager's names for things.
	Words() Words

	// ReadLock reads the manager's lockfile in a folder. Found is false if there is
	// none; an unreadable one is an error.
	ReadLock(dir string) (graph deps.Graph, found bool, err error)

	// ReadInstalled reads the manager's record of installed packages in a folder's
	// node_modules. Found is false if there is no readable record.
	ReadInstalled(dir string) (graph deps.Graph, found bool)

	// Inspect decides how the project's dependencies are installed. It keeps p,
	// whose Lock may change later.
	Inspect(p *Project) (Method, error)

	// Describe logs the result of Inspect, with warnings.
	Describe() error

	// Prepare finds the manager's program, or installs the requested one into
	// layers, which it returns; atLaunch says that the app calls it at launch, too.
	// It sets the project's Lock where the method reads that late.
	Prepare(context packit.BuildContext, downloads *Downloads, atLaunch bool) ([]packit.Layer, error)

	// Key returns the manager's part of the reuse key.
	Key() (Key, error)

	// WriteLock writes a lockfile for a project without one.
	WriteLock() error

	// Install installs what a part needs into the project's node_modules folders,
	// and runs the install scripts, see package installscripts. It may install more
	// than a workspace needs. It leaves no credentials behind.
	Install(part Part) error

	// Unmet lists the dependencies, with devDependencies, that vendored modules
	// lack.
	Unmet() ([]string, error)

	// Repair returns the remedy for gaps in the lockfile, in full sentences. It is
	// empty if the user's configuration omits optional packages.
	Repair(gaps []deps.Gap) (remedy string, err error)

	// Run runs a build script of the project or of a workspace.
	Run(script Script) error

	// Environment returns the environment for later buildpacks and for the app,
	// besides the engine's own variables.
	Environment() (build, launch packit.Environment)

	// BoundDownloads removes downloads that the lockfile does not need.
	BoundDownloads(dir string) error
}

// Words are a manager's names for things.
type Words struct {
	Name           string                       // the manager: "npm"; also the key in a requirement of node_modules for the manager itself
	CacheLayer     string                       // the layer for its downloads
	VendoredCache  string                       // the folder in an app that may bring its downloads
	Lockfiles      []string                     // names of its lockfiles
	Configuration  string                       // its configuration file in a project's folder
	Notes          []string                     // its own files in node_modules
	InstallScripts []string                     // the project's scripts that it runs on each install, in order
	FolderScripts  func(folder string) []string // those of a folder, "" for the project's, that the engine lets it run once instead, before the build scripts, in order; nil for none
	Secret         func(variable string) bool   // reports whether a variable is one of its credentials; nil for none
	KeepDev        string                       // the setting that keeps devDependencies in the app image: "NPM_CONFIG_INCLUDE=dev"
	Relock         string                       // how to rewrite a lockfile for every platform, in the imperative
}

// Project is the project to install.
type Project struct {
	App        string              // the app's folder, absolute
	Dir        string              // the install folder: the project's, or the root of its workspaces
	Folder     string              // the project's
	Workspace  string              // its path below Dir, if it is a workspace
	Package    packagejson.Package // the project's
	Root       packagejson.Package // the one in Dir
	Lock       deps.Graph          // of Dir; the zero value without a lockfile
	Workspaces []string            // the globs of its workspaces, see project.Globs
}

// IsEmpty reports whether the project has neither dependencies nor workspaces, so
// that it needs no lockfile.
func (p *Project) IsEmpty() bool {
	root := p.Root
	return len(root.Dependencies)+len(root.DevDependencies)+len(root.OptionalDependencies)+len(root.PeerDependencies)+len(p.Workspaces) == 0
}

// Kind says what chooses the versions of the dependencies.
type Kind int

// The kinds of installs.
const (
	Resolved Kind = iota // the manager
	Frozen               // the lockfile
	Vendored             // the app's own node_modules
)

// Method is how dependencies are installed.
type Method struct {
	Kind     Kind
	Name     string // the manager's command: "npm ci"
	Cache    bool   // the app brings downloads
	KeepsDev bool   // the user keeps devDependencies in the app image
	InApp    bool   // the modules are in the app's folder, outside of node_modules, so that no layer stands for them

	ReadsLate bool // only the manager's program reads the lockfile: until Prepare, ReadLock has no more than its name
}

// Part is what to install for one layer of modules.
type Part struct {
	Dev     bool           // with devDependencies
	Scripts bool           // build scripts need it
	Prune   bool           // remove devDependencies that vendored modules may have
	Target  targets.Target // of native modules
	Host    targets.Target // of the build
	Folders []string       // of its workspaces and file: dependencies
	Kept    *Kept          // of the layer of before; not nil

	// Preparing runs the scripts that prepare the project and its folders. Nil leaves
	// them out, as for the launch.
	Preparing func(run func() error) error
}

// Crosses reports whether installed programs cannot run during the build.
func (p Part) Crosses() bool { return p.Target != p.Host }

// Key is a manager's part of a layer's reuse key, see [keys]. It has no credentials
// and no paths outside of the app.
type Key struct {
	Versions      []string   // of the manager, Node.js and its ABI
	Settings      []string   // in the environment
	Configuration [][]string // for each configuration file, its owner and its settings
}
