package modules

import (
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Manager is a package manager, as one build uses it. The engine calls Inspect,
// Describe and Prepare once, in this order, and what stands below them after
// them; Words, ReadLock and ReadInstalled at any time.
type Manager interface {
	// Words are the names by which the manager calls things.
	Words() Words

	// ReadLock reads the manager's lockfile in a folder. Found is false where
	// there is none; one that cannot be read is an error.
	ReadLock(dir string) (graph deps.Graph, found bool, err error)

	// ReadInstalled reads what the manager noted in the node_modules of a folder
	// about what is installed there. Found is false where it noted nothing, or
	// nothing that can be read.
	ReadInstalled(dir string) (graph deps.Graph, found bool)

	// Inspect looks at the project and says how its dependencies are installed.
	// It keeps p, whose Lock may change later.
	Inspect(p *Project) (Method, error)

	// Describe logs what Inspect has found, and warns of what it means.
	Describe() error

	// Prepare finds the manager's program, or puts the one into layers, which it
	// returns, that the app asks for; atLaunch says that it is called there, too.
	Prepare(context packit.BuildContext, downloads *Downloads, atLaunch bool) ([]packit.Layer, error)

	// Key is what of the manager decides on what is installed.
	Key() (Key, error)

	// WriteLock writes a lockfile for a project that has none.
	WriteLock() error

	// Install puts what a part needs into the node_modules folders of the
	// project, and runs the install scripts. It may put more there than a
	// workspace needs. What it leaves holds no credentials.
	Install(part Part) error

	// Unmet lists what modules that the app brings along lack of its
	// dependencies, devDependencies among them.
	Unmet() ([]string, error)

	// Repair is the remedy for gaps in the lockfile, in whole sentences. It is
	// empty where they do not matter, because the user's configuration says to
	// install no optional packages.
	Repair(gaps []deps.Gap) (remedy string, err error)

	// Run runs a script of the project or of a workspace, to build the app.
	Run(script Script) error

	// Environment is what the layers of modules give to later buildpacks and to
	// the app, beside the engine's own variables.
	Environment() (build, launch packit.Environment)

	// BoundDownloads takes out of the folder of downloads what the lockfile has
	// no use for.
	BoundDownloads(dir string) error
}

// Words are the names by which a manager calls things.
type Words struct {
	Name           string   // of the manager: "npm"; also the key by which others require it together with node_modules
	CacheLayer     string   // the layer of its downloads
	VendoredCache  string   // the folder of an app that may bring such downloads along
	Lockfiles      []string // names of its lockfiles
	Configuration  string   // the name of its configuration in a project's folder
	Notes          []string // files that it leaves in node_modules for itself
	InstallScripts []string // scripts of a project that it runs when it installs, in their order
	KeepDev        string   // the setting by which a user keeps devDependencies in the app image: "NPM_CONFIG_INCLUDE=dev"
	Relock         string   // how a user makes a lockfile for every platform anew, in the imperative
}

// Project is what is installed.
type Project struct {
	App       string              // the app's folder, absolute
	Dir       string              // the folder that is installed in: the project's, or the root of its workspaces
	Folder    string              // the project's
	Workspace string              // its path below Dir, where it is a workspace
	Package   packagejson.Package // the project's
	Root      packagejson.Package // the one in Dir
	Lock      deps.Graph          // of Dir; the zero value where there is no lockfile
}

// Kind says where the versions of the dependencies come from.
type Kind int

// The kinds of installs.
const (
	Resolved Kind = iota // the manager chooses them
	Frozen               // the lockfile names them
	Vendored             // the app brings its node_modules along
)

// Method is how dependencies are installed.
type Method struct {
	Kind     Kind
	Name     string // as the manager calls it: "npm ci"
	Cache    bool   // the app brings downloads along
	KeepsDev bool   // the user keeps devDependencies in the app image
}

// Part is what one layer of modules needs of an install.
type Part struct {
	Dev     bool           // with devDependencies
	Scripts bool           // build scripts run with it, which need those
	Prune   bool           // modules of the app's own may still have devDependencies: take them out
	Target  targets.Target // whose native modules
	Host    targets.Target // what the build runs on
	Folders []string       // of the workspaces and file: dependencies that it has
}

// Crosses tells whether nothing that is installed can run during the build.
func (p Part) Crosses() bool { return p.Target != p.Host }

// Key is what of a manager decides on what is installed, see [keys]. Credentials
// and places outside of the app are no part of it.
type Key struct {
	Versions      []string   // of the manager, of Node.js and of its interfaces for native modules
	Settings      []string   // in the environment
	Configuration [][]string // of each file of configuration, whose it is and its settings
}
