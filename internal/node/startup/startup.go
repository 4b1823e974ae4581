package startup

import (
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Kind is what a project is.
type Kind int

// The kinds of projects.
const (
	None   Kind = iota // nothing is known that starts it
	Server             // a program listens, or works
	Static             // its build makes a folder of files for a web server
)

// WebProcess is the type of the default process.
const WebProcess = "web"

// Project is the project to decide about.
type Project struct {
	App     string              // the app's folder, absolute; it has the Procfile, unless the project has one
	Dir     string              // the project's folder, in it or the same
	Package packagejson.Package // zero without a package.json

	// Built is true after the build: only files that exist count then.
	Built bool

	// Commands are the commands of the settings by the type of the process, see
	// [Commands].
	Commands map[string]string

	// Node is the version of Node.js of the app image, or empty if it is unknown.
	Node string

	// HasBun is true if the app image gets Bun, should a process call it.
	HasBun bool

	// ServesThrough is true if a workspace that it depends on has a library for
	// servers, which counts like one of its own.
	ServesThrough bool

	// IgnoreProcfile is true if another buildpack makes processes of the Procfile.
	IgnoreProcfile bool

	// CannotRun returns why a process cannot run in the app image, or an empty
	// text. If it is nil, package.json decides: the image has no devDependencies.
	CannotRun func(Process) (why string)
}

// App is the answer.
type App struct {
	Kind        Kind
	Framework   string // its name, if one is known: "Next.js"
	FrameworkBy string // what shows it: "next is a dependency"

	// Processes are those of a server. The first is the default.
	Processes []Process

	// Site is that of a static site.
	Site Site

	// Weak means that the evidence is weak: many a library looks like that.
	Weak bool

	// LastResort means that the default process is that of a script that is passed
	// over, since there is nothing else.
	LastResort bool

	// Ends says why the default process of a last resort ends by itself or at once:
	// "only builds". It is empty for others.
	Ends string

	// Passed has a line for each way to start that would come first and is passed
	// over, with the reason.
	Passed []string

	// Notes are warnings.
	Notes []string

	// Fix says what makes the framework's build one that can be started, in the
	// imperative. It is empty if that is unknown, and where it can be.
	Fix string

	// Looked are the ways that were looked for, without those that were found.
	Looked []string
}

// Process is a process of a server.
type Process struct {
	Type string // "web"

	// Script is the name of the script in package.json, whose hooks and variables
	// the process has, or empty.
	Script string

	// Command is a line for a shell, and Pre and Post those of the script's hooks.
	// It is not always the script's text: what the build has done is not done again.
	Command, Pre, Post string

	Dir      string // the folder in which it starts, absolute
	Evidence string // why: "package.json: the script start"
	Port     string // the variable with the port that it listens to, if known
	Listens  int    // the port that it listens to without the variable; 0 if that is unknown
	File     string // the file that node or Bun runs, relative to the project, if known

	// Beside are folders of the project that File wants beside it.
	Beside []string
}

// Decide returns what a project is. The first of these decides about the process
// web, and those of the other types are added to it:
//
//   - BP_START_COMMAND, and BP_START_COMMAND_<TYPE> for other types
//   - the Procfile
//   - BP_STATIC_ROOT
//   - BP_NPM_START_SCRIPT
//   - the script start, or, where that is for development or cannot run, one of
//     start:prod, start:production, serve:prod and the like
//   - BP_LAUNCHPOINT
//   - the framework
//   - the file that a script for development has Bun run, as a server
//   - server.js, main of package.json, index.js, app.js, main.js
//   - the usual files of an app that depends on a library for servers
//   - the only program (bin) of such an app
//   - the script server, start:server, serve and the like of such an app
//   - the file that a script for development of such an app has a watcher run
//   - the files above as TypeScript, where Node.js or Bun runs it
//   - a folder that has an index.html
//
// A setting that is wrong is a [failure.Failure].
func Decide(p Project, getenv settings.Getenv) (App, error) {
	d := &decider{Project: p, getenv: getenv, pkg: p.Package}
	return d.decide()
}
