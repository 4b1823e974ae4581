package startup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// Ids of the [failure.Failure] for a project without a process for an execution
// environment.
const (
	TestScriptMissingID        = "test-script-missing"
	DevelopmentScriptMissingID = "development-script-missing"
)

// ForEnvironment returns the process that a project has in an execution environment
// other than production, whose name is the process's type. What starts the app does
// not matter there. For tests the first of these decides:
//
//   - BP_START_COMMAND_test
//   - the script test, without what the build has done
//
// and for development, where nothing is built before:
//
//   - BP_START_COMMAND_development
//   - a script for development: dev, develop, start:dev and the like, or start or
//     serve if that starts a development server
//   - the framework's development server
//   - the file that node runs in production, with --watch
//
// The error is a [failure.Failure] if there is none.
func ForEnvironment(p Project, environment execenv.Environment, getenv settings.Getenv) (Process, error) {
	d := &decider{Project: p, getenv: getenv, pkg: p.Package}
	d.found = d.frameworks()
	decide := d.tests
	if environment == execenv.Development {
		decide = d.develops
	}
	kind := string(environment)
	if line := d.Commands[kind]; line != "" {
		return d.placed(d.line(kind, line, settings.StartCommand+"_"+kind), kind), nil
	}
	found, err := decide()
	return d.placed(found, kind), err
}

// placed returns a process with its type and its folder.
func (d *decider) placed(p Process, kind string) Process {
	p.Type = kind
	if p.Dir == "" {
		p.Dir = d.Dir
	}
	return p
}

// testScript is the script that runs tests.
const testScript = "test"

// npmsTest is what npm's own script test prints, which npm init writes.
const npmsTest = "Error: no test specified"

// tests returns the process that runs the tests.
func (d *decider) tests() (Process, error) {
	text := strings.TrimSpace(d.pkg.Scripts[testScript])
	cause := ""
	switch {
	case text == "":
		cause = fmt.Sprintf("no script %s in %s. Its scripts: %s", testScript, packagejson.FileName, d.pkg.DescribeScripts())
	case strings.Contains(text, npmsTest):
		cause = fmt.Sprintf("the script %s of %s is npm's default, which only says that there are no tests: %s", testScript, packagejson.FileName, text)
	default:
		return d.script(testScript).Process, nil
	}
	return Process{}, &failure.Failure{
		ID: TestScriptMissingID, Cause: cause,
		Remedy: fmt.Sprintf("add a script %s that runs the tests, such as `node --test`, or set %s_%s to the command that does.", testScript, settings.StartCommand, execenv.Test),
	}
}

// forDevelopment are names of scripts that start an app for its developer.
var forDevelopment = []string{"dev", "develop", "development", "start:dev", "start:development", "start-dev", "dev:start", "dev:server", "serve:dev"}

// develops returns the process for development.
func (d *decider) develops() (Process, error) {
	for _, name := range forDevelopment {
		if strings.TrimSpace(d.pkg.Scripts[name]) != "" {
			return d.unbuilt(name), nil
		}
	}
	for _, name := range []string{defaultScript, "serve"} {
		if d.development(d.pkg.Scripts[name], []string{name}) != "" {
			return d.unbuilt(name), nil
		}
	}
	for _, one := range d.found {
		if one.Develop != "" {
			return Process{Command: one.Develop, Evidence: fmt.Sprintf("%s (%s)", one.Name, one.evidence), Port: one.Port, Listens: one.Listens}, nil
		}
	}
	looked := fmt.Sprintf("a script %s", strings.Join(forDevelopment, ", "))
	p, why := d.watching()
	if why == "" {
		return p, nil
	}
	return Process{}, &failure.Failure{
		ID:    DevelopmentScriptMissingID,
		Cause: fmt.Sprintf("nothing starts the app for development: there is no %s, no framework with a development server, and %s. The scripts of %s: %s", looked, why, packagejson.FileName, d.pkg.DescribeScripts()),
		Remedy: fmt.Sprintf("add a script %s that starts the app and restarts it when a file changes, such as `node --watch server.js`, or set %s_%s to the command that does.",
			forDevelopment[0], settings.StartCommand, execenv.Development),
	}
}

// unbuilt returns a script as it is, since nothing is built before.
func (d *decider) unbuilt(name string) Process {
	expand := func(name string) string { return d.expand(strings.TrimSpace(d.pkg.Scripts[name]), []string{name}) }
	return d.reading(Process{
		Script: name, Pre: expand("pre" + name), Command: expand(name), Post: expand("post" + name),
		Evidence: fmt.Sprintf("%s: the script %s", packagejson.FileName, name),
	})
}

// watching returns the process that starts the app in production if that is a file
// that node runs, with node's own watcher. Why says what is missing otherwise.
func (d *decider) watching() (p Process, why string) {
	app, err := Decide(d.Project, d.getenv)
	if err != nil || app.Kind != Server {
		return Process{}, "nothing that node runs"
	}
	p = app.Processes[0]
	file := p.File
	if file == "" {
		file = d.fileOf(p.Command)
	}
	parts, ok := shellscript.List(p.Command)
	if !ok || len(parts) == 0 || file == "" {
		return Process{}, fmt.Sprintf("what starts it is no file that node runs (%s)", p.Evidence)
	}
	if !d.isFile(file) {
		return Process{}, fmt.Sprintf("%s, which node runs in production, does not exist before the build (%s)", file, p.Evidence)
	}
	last := parts[len(parts)-1]
	at := slices.IndexFunc(last.Words, func(word string) bool { return path.Base(word) == "node" })
	if at < 0 {
		return Process{}, fmt.Sprintf("what starts it is no file that node runs (%s)", p.Evidence)
	}
	if !slices.ContainsFunc(last.Words, func(word string) bool { return strings.HasPrefix(word, "--watch") }) {
		end := last.Places[at][1]
		p.Command = p.Command[:end] + " --watch" + p.Command[end:]
		p.Evidence += ", with --watch"
	}
	return p, ""
}
