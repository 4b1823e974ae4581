package startup

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// defaultScript is the script that starts an app by default.
const defaultScript = "start"

// Commands returns the commands of BP_START_COMMAND and BP_START_COMMAND_<TYPE>.
func Commands(env environ.List) map[string]string {
	commands := map[string]string{}
	for _, pair := range env {
		name, command, _ := strings.Cut(pair, "=")
		kind, ok := strings.CutPrefix(name, settings.StartCommand+"_")
		switch {
		case strings.TrimSpace(command) == "":
		case name == settings.StartCommand:
			commands[WebProcess] = command
		case ok && kind != "":
			commands[kind] = command
		}
	}
	return commands
}

// decider decides about a project.
type decider struct {
	Project
	getenv settings.Getenv
	pkg    packagejson.Package
	found  []found
	unfit  bool // nothing can be started of the framework's build
	app    App
}

func (d *decider) decide() (App, error) {
	d.found = d.frameworks()
	for _, one := range d.found {
		if !one.Weak {
			d.app.Framework, d.app.FrameworkBy = one.Name, one.evidence
			break
		}
	}
	others := d.others()
	web, err := d.web()
	if err != nil {
		return App{}, err
	}
	if web != nil {
		others = append([]Process{*web}, others...)
	}
	if len(others) > 0 && (web != nil || d.app.Kind != Static) {
		d.app.Kind, d.app.Processes = Server, others
	}
	for i := range d.app.Processes {
		if one := &d.app.Processes[i]; one.Dir == "" {
			one.Dir = d.Dir
		}
	}
	return d.app, nil
}

// others returns the processes of other types than web, of the settings and of the
// Procfile.
func (d *decider) others() (all []Process) {
	for _, kind := range slices.Sorted(maps.Keys(d.Commands)) {
		if kind != WebProcess {
			all = append(all, d.line(kind, d.Commands[kind], settings.StartCommand+"_"+kind))
		}
	}
	for _, one := range d.procfile() {
		if one.Type != WebProcess && d.Commands[one.Type] == "" {
			all = append(all, d.ofProcfile(one))
		}
	}
	return all
}

// procfile returns the processes of the Procfile, the last one of each type.
func (d *decider) procfile() (all []procfile.Process) {
	if d.IgnoreProcfile {
		return nil
	}
	for _, one := range procfile.Read(d.procfileDir()) {
		all = append(slices.DeleteFunc(all, func(before procfile.Process) bool { return before.Type == one.Type }), one)
	}
	return all
}

// procfileDir returns the folder with the Procfile: the project's, or else the
// app's.
func (d *decider) procfileDir() string {
	if d.isFile(procfile.FileName) {
		return d.Dir
	}
	return d.App
}

func (d *decider) ofProcfile(one procfile.Process) Process {
	p := d.line(one.Type, one.Command, procfile.FileName)
	if p.Script == "" {
		p.Dir = d.procfileDir()
	}
	return p
}

// line returns a process that a line of a setting or a Procfile names. A line that
// runs a script is that script.
func (d *decider) line(kind, text, evidence string) Process {
	words := strings.Fields(text)
	if r, ok := d.managerRun(words); ok && r.script != "" && len(r.arguments) == 0 {
		p := d.script(r.script).Process
		p.Type, p.Evidence = kind, fmt.Sprintf("%s: %s", evidence, text)
		return d.reading(p)
	}
	return d.reading(Process{Type: kind, Command: d.expand(text, nil), Evidence: evidence})
}

// web returns the process web, or nil. It sets the rest of the answer.
func (d *decider) web() (*Process, error) {
	if line := d.Commands[WebProcess]; line != "" {
		if d.getenv(settings.StaticRoot) != "" {
			return nil, conflict(settings.StartCommand, settings.StaticRoot)
		}
		p := d.line(WebProcess, line, settings.StartCommand)
		return &p, nil
	}
	for _, one := range d.procfile() {
		if one.Type != WebProcess || d.startsItself(one.Command) {
			continue
		}
		p := d.ofProcfile(one)
		why := d.refused(p.Command)
		if why == "" {
			return &p, nil
		}
		d.passed(fmt.Sprintf("web of %s %s", procfile.FileName, why))
	}
	if root := d.getenv(settings.StaticRoot); root != "" {
		return nil, d.siteOfSetting(root)
	}
	if name := d.getenv(settings.StartScript); name != "" && strings.TrimSpace(d.pkg.Scripts[name]) != "" {
		p := d.reading(d.script(name).Process)
		return &p, nil
	}
	return d.further()
}

func conflict(a, b string) error {
	return &failure.Failure{
		ID:     "setting-invalid",
		Cause:  fmt.Sprintf("%s and %s are both set, and an image is one or the other", a, b),
		Remedy: "leave one of them out.",
	}
}

// startsItself reports whether a line of a Procfile has the script start run,
// which is looked at anyway.
func (d *decider) startsItself(line string) bool {
	r, ok := d.managerRun(strings.Fields(line))
	return ok && r.script == defaultScript && len(r.arguments) == 0
}

// further looks for the web process below the settings and the Procfile.
func (d *decider) further() (*Process, error) {
	first := d.scripts()
	if first != nil && first.passed == "" {
		p := d.reading(first.Process)
		return &p, nil
	}
	p, err := d.launchpoint()
	if p == nil && err == nil && first != nil {
		p = d.watched(first.Script)
	}
	if p == nil && err == nil {
		p = d.unscripted()
	}
	switch {
	case err != nil:
		return nil, err
	case p == nil && d.app.Kind == Static && first != nil && first.lacks && d.isServer(first.Command):
		d.app.Passed, d.app.LastResort, d.app.Site = nil, true, Site{} // a site would lack the server
		p := d.reading(first.Process)
		return &p, nil
	case p == nil && d.app.Kind == Static:
		return nil, nil
	case p == nil && first != nil: // what is wrong with it is said in the build
		d.app.Passed, d.app.LastResort, d.app.Ends = nil, true, first.ends
		p := d.reading(first.Process)
		return &p, nil
	case p == nil:
		return nil, nil
	}
	read := d.reading(*p)
	return &read, nil
}

// forProduction are names of scripts that start an app in production.
var forProduction = []string{"start:prod", "start:production", "serve:prod", "start-prod", "prod:start", "production", "prod"}

// scripts returns the first script that applies, or else the script start with the
// reason why it is passed over, or nil without one.
func (d *decider) scripts() *script {
	var first *script
	d.looked("a script start")
	d.looked("a Procfile")
	for _, name := range append([]string{defaultScript}, forProduction...) {
		if strings.TrimSpace(d.pkg.Scripts[name]) == "" {
			continue
		}
		one := d.script(name)
		if file := d.fileOf(one.Command); name != defaultScript && one.passed == "" && file != "" && d.Built && !d.isFile(file) {
			one.passed = fmt.Sprintf("the script %s starts %s, which there is not after the build", name, file)
		}
		if one.passed == "" {
			return &one
		}
		d.passed(one.passed)
		if first == nil && name == defaultScript {
			first = &one
		}
	}
	return first
}

func (d *decider) passed(why string) { d.app.Passed = append(d.app.Passed, why) }
func (d *decider) looked(what string) {
	d.app.Looked = append(d.app.Looked, what)
}

// launchpoint returns the process of BP_LAUNCHPOINT, or nil if that is not set.
func (d *decider) launchpoint() (*Process, error) {
	file := d.getenv(settings.LaunchPoint)
	if file == "" {
		return nil, nil
	}
	clean := path.Clean(file)
	if !filepath.IsLocal(clean) || d.Built && !d.isFile(clean) {
		return nil, &failure.Failure{
			ID:     "setting-invalid",
			Cause:  fmt.Sprintf("%s is %q, want a file of the project, and there is none of that name", settings.LaunchPoint, file),
			Remedy: fmt.Sprintf("set %s to a file that node runs, relative to the project's folder, or leave it unset.", settings.LaunchPoint),
		}
	}
	p := d.source(clean, settings.LaunchPoint)
	return &p, nil
}

// unscripted returns the first process that applies to a project without scripts
// that start it, or nil. It sets the site of a static one.
func (d *decider) unscripted() *Process {
	for _, look := range []func() *Process{d.ownServer, d.strong, d.developedWithBun, d.main, d.usual, d.weak, d.bin, d.serverScript, d.developed, d.typescript, d.components} {
		if p := look(); p != nil || d.app.Kind == Static {
			return p
		}
	}
	d.ready()
	return nil
}

// source returns a process of a file that the app's developer wrote: node runs it, or
// Bun where only that can.
func (d *decider) source(file, evidence string) Process {
	p := d.node(file, evidence)
	if d.isForBun(file) {
		p.Command = bunProgram + " " + quote(file)
	}
	return p
}

// node returns a process of a file that node runs.
func (d *decider) node(file, evidence string, sets ...string) Process {
	command := strings.Join(append(slices.Clone(sets), "node "+quote(file)), " ")
	return Process{Type: WebProcess, Command: command, Evidence: evidence, File: file}
}
