package startup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// npmsServer is the file that `npm start` runs without a script.
const npmsServer = "server.js"

// sitesServers are further files of a server for a site that a build makes.
var sitesServers = []string{"server.mjs", "server/index.js", "server/index.mjs", "server/server.js"}

// ownServer returns server.js of an app that depends on a library for servers,
// also if its build makes a site: the server serves it.
func (d *decider) ownServer() *Process {
	if !d.hasServerLibrary() {
		return nil
	}
	if d.isFile(npmsServer) {
		p := d.source(npmsServer, npmsServer+", which npm starts without a script start")
		return &p
	}
	strong := slices.DeleteFunc(slices.Clone(d.found), func(f found) bool { return f.Weak })
	if len(strong) == 0 || slices.ContainsFunc(strong, func(f found) bool { return len(f.Static) == 0 }) {
		return nil
	}
	for _, file := range sitesServers {
		if d.isFile(file) && !d.onlyExports(file) {
			p := d.source(file, file+", the server of an app that also makes a site")
			return &p
		}
	}
	return nil
}

// HasServerLibrary reports whether a library for servers is under dependencies.
func HasServerLibrary(pkg packagejson.Package) bool {
	d := &decider{pkg: pkg}
	return slices.ContainsFunc(frameworks, func(row framework) bool { return row.Weak && row.Port != "" && d.isDependency(row.Packages) })
}

func (d *decider) hasServerLibrary() bool { return d.ServesThrough || HasServerLibrary(d.pkg) }

// runners are programs for development that run a file.
var runners = strings.Fields("tsx ts-node ts-node-esm ts-node-transpile-only babel-node esno esmo vite-node jiti swc-node node")

// isServer reports whether a script runs a file that is a server, as far as
// package.json says.
func (d *decider) isServer(text string) bool {
	all := calls(text)
	return len(all) > 0 && slices.Contains(runners, programName(all[len(all)-1])) && d.hasServerLibrary()
}

func (d *decider) isDependency(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, ok := d.pkg.Dependencies[name]; return ok })
}

// watchers run a file with node, again when the sources change, or in the
// background.
var watchers = []string{"nodemon", "node-dev", "supervisor", "pm2-dev", "pm2"}

// developed returns the process of the file that a script for development of an app
// with a library for servers has a watcher run, or nil.
func (d *decider) developed() *Process {
	if !d.hasServerLibrary() {
		return nil
	}
	for _, name := range forDevelopment {
		if p := d.watched(name); p != nil && !d.onlyExports(p.File) && !d.isOfDesktop(p.File) {
			d.app.Weak = true
			return p
		}
	}
	return nil
}

// watched returns the process of the file that a script has a watcher run, or nil.
func (d *decider) watched(script string) *Process {
	all := calls(d.pkg.Scripts[script])
	if len(all) == 0 {
		return nil
	}
	words := all[len(all)-1]
	program := programName(words)
	if !slices.Contains(watchers, program) {
		return nil
	}
	for i, word := range words[1:] {
		isValue := i > 0 && strings.HasPrefix(words[i], "-") // of an option, perhaps
		if file := d.resolved(word); !isValue && !strings.HasPrefix(word, "-") && file != "" && isJavaScript(file) && !strings.HasSuffix(strings.TrimSuffix(file, path.Ext(file)), ".config") {
			p := d.source(file, fmt.Sprintf("%s, which the script %s has %s run", file, script, program))
			return &p
		}
	}
	return nil
}

// main returns server.js, or the main file of package.json.
func (d *decider) main() *Process {
	if d.isFile(npmsServer) {
		p := d.source(npmsServer, npmsServer+", which npm starts without a script start")
		return &p
	}
	d.looked(npmsServer)
	if d.pkg.Main == "" {
		d.looked("main of " + packagejson.FileName)
		return nil
	}
	file := d.resolved(d.pkg.Main)
	if file == "" && !d.Built && d.makes(path.Clean(d.pkg.Main)) {
		file = path.Clean(d.pkg.Main)
	}
	if file != "" && d.isFile(path.Join(path.Dir(file), index)) && !d.hasServerLibrary() {
		d.looked(fmt.Sprintf("%s, which %s names as main and which is beside an %s", file, packagejson.FileName, index))
		return nil
	}
	if file == "" || !isJavaScript(file) {
		d.looked(fmt.Sprintf("%s, which %s names as main", d.pkg.Main, packagejson.FileName))
		return nil
	}
	if !slices.Contains(d.pkg.Programs(), file) && !slices.Contains(d.pkg.Programs(), "./"+file) && (!d.isFile(file) || exporting.Match(d.entryText(file))) {
		if p := d.bin(); p != nil {
			return p // main is what other packages import
		}
	}
	if d.onlyExports(file) {
		d.looked(fmt.Sprintf("%s, which %s names as main and which only exports", file, packagejson.FileName))
		return nil
	}
	if d.isOfDesktop(file) {
		d.looked(fmt.Sprintf("%s, which %s names as main and which needs Electron", file, packagejson.FileName))
		return nil
	}
	d.app.Weak = true
	p := d.source(file, fmt.Sprintf("main of %s", packagejson.FileName))
	return &p
}

// resolved returns the file that node runs for a name, or an empty text.
func (d *decider) resolved(name string) string {
	clean := path.Clean(name)
	for _, file := range []string{clean, clean + ".js", clean + ".json", path.Join(clean, "index.js")} {
		if d.isFile(file) {
			return file
		}
	}
	return ""
}

// makes reports whether the build may make a file: one in a folder, or one that
// it names.
func (d *decider) makes(file string) bool {
	return d.mayBuild() && strings.Contains(file, "/") || slices.ContainsFunc(d.builds(), func(script string) bool { return strings.Contains(script, file) })
}

// mayBuild reports whether the build may make files.
func (d *decider) mayBuild() bool { return len(d.builds()) > 0 }

// usualFiles are the files that usually start an app.
var usualFiles = []string{"index.js", "app.js", "main.js"}

func (d *decider) usual() *Process { return d.first(usualFiles, "") }

// first returns the first of some files that exists.
func (d *decider) first(files []string, because string) *Process {
	for _, file := range files {
		if !d.isFile(file) {
			continue
		}
		if d.onlyExports(file) {
			d.looked(file + ", which only exports")
			continue
		}
		if d.isOfDesktop(file) {
			d.looked(file + ", which needs Electron")
			continue
		}
		d.app.Weak = true
		p := d.source(file, file+because)
		return &p
	}
	d.looked(strings.Join(files[:min(len(files), 4)], ", "))
	return nil
}

// bin returns the only program of package.json, if the app depends on a library for
// servers: such a program starts one.
func (d *decider) bin() *Process {
	files := d.pkg.Programs()
	if len(files) != 1 || !d.hasServerLibrary() {
		return nil
	}
	file := path.Clean(files[0])
	if !isJavaScript(file) || !d.isFile(file) && (d.Built || !d.makes(file)) {
		d.looked(file + ", the program of " + packagejson.FileName)
		return nil
	}
	d.app.Weak = true
	p := d.source(file, fmt.Sprintf("%s, the only program of %s", file, packagejson.FileName))
	d.app.Notes = append(d.app.Notes, fmt.Sprintf("%s is started without arguments. If it needs some, set %s=\"node %s ARGUMENTS\".", file, settings.StartCommand, file))
	return &p
}

// isJavaScript reports whether every Node.js runs a file.
func isJavaScript(file string) bool {
	end := path.Ext(file)
	return end == ".js" || end == ".mjs" || end == ".cjs" || end == ""
}

// typescriptFiles are the files that usually start an app in TypeScript.
var typescriptFiles = []string{
	"server.ts", "index.ts", "app.ts", "main.ts", "src/server.ts", "src/index.ts", "src/app.ts", "src/main.ts", "server.mts", "index.mts", "src/index.mts",
}

// typescript returns the first file in TypeScript, if this Node.js runs those.
func (d *decider) typescript() *Process {
	files := typescriptFiles
	if strings.HasSuffix(d.pkg.Main, ".ts") || strings.HasSuffix(d.pkg.Main, ".mts") {
		files = append([]string{path.Clean(d.pkg.Main)}, files...)
	}
	if d.HasBun {
		return d.first(files, ", which Bun runs")
	}
	if d.Node != "" && !stripsTypes(d.Node) {
		if slices.ContainsFunc(files, d.isFile) {
			d.passed(fmt.Sprintf("Node.js %s does not run TypeScript: from 22.18 on, it does", d.Node))
		}
		return nil
	}
	return d.first(files, ", which this Node.js runs without a compiler")
}

// stripping is the range of the versions of Node.js that run TypeScript without
// an option.
var stripping, _ = semver.NewConstraint(">=22.18.0 <23 || >=23.6.0")

func stripsTypes(version string) bool {
	v, err := semver.NewVersion(version)
	return err == nil && stripping.Check(v)
}
