// Package buildplan holds the names and metadata of every build plan entry
// that the buildpacks of this module exchange with each other, and with
// anybody else's Node.js buildpacks that keep to the same names.
package buildplan

// Names of plan entries. They are those of Paketo's buildpacks, so that the
// two families can stand in one order.
const (
	Node        = "node"         // the Node.js runtime; provided by node-engine
	NPM         = "npm"          // the npm command line; provided by node-engine
	NodeModules = "node_modules" // the app's dependencies; provided by npm-install
	Python      = "cpython"      // for node-gyp; provided by a Python buildpack
	Tini        = "tini"         // an init process; provided by a tini buildpack
	Watchexec   = "watchexec"    // restarts a process on change; provided by a watchexec buildpack
)

// Requirement is the metadata of a required entry. Build and Launch say when
// the requiring buildpack needs it; the providing one takes the OR of all.
type Requirement struct {
	Version       string `toml:"version"`        // a semver constraint, or empty for no wish
	VersionSource string `toml:"version-source"` // where Version was read: a file's or a variable's name
	Build         bool   `toml:"build"`
	Launch        bool   `toml:"launch"`
}
