// Package buildplan has the names and metadata of all build plan entries that
// the buildpacks of this module exchange with each other, and with other
// Node.js buildpacks that use the same names.
package buildplan

// Names of plan entries. They are those of Paketo's buildpacks, so that one
// order can have both.
const (
	Node        = "node"         // the Node.js runtime; provided by node-engine
	NPM         = "npm"          // the npm command line; provided by node-engine
	NodeModules = "node_modules" // the app's dependencies; provided by npm-install
	Bun         = "bun"          // the package manager and runtime; provided by npm-install
	Python      = "cpython"      // for node-gyp; provided by a Python buildpack
	Tini        = "tini"         // an init process; provided by a tini buildpack
	Watchexec   = "watchexec"    // restarts a process on change; provided by a watchexec buildpack
)

// Requirement is the metadata of a required entry. Build and Launch say when
// the requiring buildpack needs it; the providing one combines all by OR.
type Requirement struct {
	Version       string `toml:"version"`        // a semver constraint, or empty for no request
	VersionSource string `toml:"version-source"` // where Version was read: a file's or a variable's name
	Build         bool   `toml:"build"`
	Launch        bool   `toml:"launch"`
}

// NPMAtLaunchVariable is true for later buildpacks if npm is in the app image,
// whatever the reason; the buildpack that provides npm sets it. It should be
// the npm version that the app asks for.
const NPMAtLaunchVariable = "ARMATURE_NPM_AT_LAUNCH"

// Ids of buildpacks, without the part before the slash, that take over work of
// npm-start, or do work that it leaves to them.
const (
	EnvironmentVariables = "environment-variables" // reads BPE_ variables
	ImageLabels          = "image-labels"          // reads BP_IMAGE_LABELS and BP_OCI_
	Procfile             = "procfile"              // makes processes of a Procfile
)
