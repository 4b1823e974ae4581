package npmstart

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/shellscript"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// kind is what is known of a command before it runs.
type kind int

const (
	runs kind = iota // it may be the server: nothing after it matters
	ends             // it ends by itself, and the command after it starts
	dies             // it cannot run in the app image
)

// fate is the predicted outcome of a command or a script. The fields after kind
// are for one that dies.
type fate struct {
	kind
	why     string   // the reason, after the name of a script: "calls tsc, which …"
	process string   // the type of a process without a script, or empty
	scripts []string // the scripts on the way to it, from the outermost
	program string   // the missing program; may be empty
	pkg     string   // the missing package; may be empty
	fix     string   // a specific remedy, in the imperative; may be empty
	doubt   *doubt   // for one that runs: why it may not; may be nil
}

// oracle predicts the fate of scripts. It prefers to miss a script that cannot
// run over refusing one that can.
type oracle struct {
	start
	launched
	follows []string // the scripts on the way to the current one
}

// maxFollows is the maximal depth of scripts that call scripts.
const maxFollows = 12

// ofScript is the fate of a script of package.json with its hooks.
func (o oracle) ofScript(name string) fate {
	text, ok := o.pkg.Scripts[name]
	if !ok && len(o.places) == 0 {
		return fate{} // the layout of the project is unknown
	}
	if !ok {
		return fate{kind: dies, scripts: []string{name}, why: "is not in " + packagejson.FileName}
	}
	if slices.Contains(o.follows, name) {
		return fate{kind: dies, scripts: []string{name}, why: "comes to itself again, without end"}
	}
	if o.follows = append(slices.Clone(o.follows), name); len(o.follows) > maxFollows {
		return fate{}
	}
	before := o.pkg.Scripts["pre"+name]
	if before != "" {
		if f := o.of(before); f.kind == dies {
			return f.through("pre" + name).through(name)
		}
	}
	f := o.of(text)
	if before != "" {
		f = f.afterOthers()
	}
	if f.kind == runs && isFinite(name) {
		f.kind = ends
	}
	return f.through(name)
}

// ofProcess is the fate of a process with its hooks.
func (o oracle) ofProcess(p startup.Process) fate {
	if p.Script == "" {
		f := o.of(p.Command)
		f.process = p.Type
		return f
	}
	o.follows = []string{p.Script}
	if p.Pre != "" {
		if f := o.of(p.Pre); f.kind == dies {
			return f.through("pre" + p.Script).through(p.Script)
		}
	}
	f := o.of(p.Command)
	if p.Pre != "" {
		f = f.afterOthers()
	}
	return f.through(p.Script)
}

// through adds the script that calls the one with the reason.
func (f fate) through(script string) fate {
	if f.kind == dies || f.doubt != nil {
		f.scripts = append([]string{script}, f.scripts...)
	}
	return f
}

// String returns the reason as a sentence: "the script start runs build, which
// calls tsc, …".
func (f fate) String() string { return f.sentence(f.why) }

func (f fate) sentence(why string) string {
	text, runs := "the process "+f.process, f.scripts
	if f.process == "" {
		text, runs = "the script "+f.scripts[0], f.scripts[1:]
	}
	for i, script := range runs {
		if i > 0 {
			text += ", which"
		}
		text += " runs " + script
	}
	if len(runs) > 0 {
		text += ", which"
	}
	return text + " " + why
}

// isFinite is true for names that scripts of servers never have.
func isFinite(script string) bool {
	first, _, _ := strings.Cut(script, ":")
	return slices.Contains(finite, first) || strings.HasPrefix(script, "pre") && first != "preview"
}

var finite = strings.Fields("build compile bundle transpile clean generate migrate migration migrations lint format test typecheck check copy css styles assets icons postinstall codegen tsc")

// of is the fate of a shell script: that of its commands in order, as far as each
// depends on the previous ones.
func (o oracle) of(script string) fate {
	parts, ok := shellscript.List(script)
	if !ok || len(parts) == 0 {
		return fate{}
	}
	last := fate{kind: ends}
	for i, part := range parts {
		piped := i+1 < len(parts) && parts[i+1].Op == "|"
		switch {
		case part.Op == "&" || part.Op == "|" || piped:
			return fate{}
		case part.Op == "&&" && last.kind == dies: // it does not run
			continue
		case part.Op == "||" && last.kind == ends: // may run or not
			continue
		case part.Op == "||" && last.kind != dies:
			return fate{kind: last.kind}
		}
		if last.kind == runs {
			return last
		}
		if path.Base(part.Words[0]) == "cd" {
			return fate{} // npm uses another package there
		}
		last = o.ofCommand(part.Words)
		if i > 0 {
			last = last.afterOthers()
		}
	}
	return last
}

// ofAll is the fate of several commands that start together: it dies if all do,
// or if one does and ends the others.
func ofAll(fates []fate, together bool) fate {
	isDead := func(f fate) bool { return f.kind == dies }
	dead := slices.IndexFunc(fates, isDead)
	if dead < 0 || !together && slices.ContainsFunc(fates, func(f fate) bool { return !isDead(f) }) {
		return fate{}
	}
	return fates[dead]
}

// ofCommand is the fate of one command: of its program, and of the programs that
// it starts.
func (o oracle) ofCommand(words []string) fate {
	program := words[0]
	if strings.Contains(program, "$") {
		return fate{}
	}
	if name, ok := inBin(program); ok {
		program = name
	} else if strings.Contains(program, "/") {
		return o.doubtOfOwnFile(program)
	}
	if slices.Contains(builtins, program) {
		return fate{kind: ends}
	}
	if slices.Contains(common, program) {
		return fate{}
	}
	if program == "bun" || program == "bunx" {
		return o.ofBun(program)
	}
	switch program {
	case "node":
		return o.ofNode(words[1:])
	case "npm":
		return o.ofNPM(words[1:])
	case "npx":
		return o.ofNPX(words[1:])
	case "exec", "time", "env", "sh", "bash":
		return o.ofWrapped(program, words[1:])
	}
	f := o.ofProgram(program, words[1:])
	if f.kind == dies {
		return f
	}
	if wrapped := o.ofWrapped(program, words[1:]); wrapped.kind != runs || wrapped.doubt != nil {
		return wrapped
	}
	return f
}

// inBin returns the program of a path such as node_modules/.bin/next.
func inBin(word string) (program string, ok bool) {
	dir, name := path.Split(path.Clean(word))
	return name, dir == nodemodules.Dir+"/.bin/"
}

// builtins are small commands of the shell, and of every run image with a shell.
var builtins = strings.Fields("[ basename cat chmod cp date dirname echo export false find grep ls mkdir mv printf pwd rm sed set sleep test touch true umask unset")

// common are programs that both run images and packages may have.
var common = strings.Fields("awk bc curl cut envsubst expr file getopt git gzip head hostname id jq less ln nice nohup openssl ps readlink realpath sort split stat tail tar tee timeout tr tree uuid uuidgen wait-for-it wc wget which whoami xargs yq")

// ofProgram is the fate of a program by itself. It dies if it belongs to a
// package that only development needs, or is a development server.
func (o oracle) ofProgram(program string, arguments []string) fate {
	if o.command(program) != absent {
		if o.typescriptMissing(program, arguments) {
			return o.nextWithoutTypescript()
		}
		return o.doubtOfProgram(program)
	}
	pkg := startup.PackageOf(program)
	if locked := o.brings(program); locked != "" && !o.onlyForDevelopment(pkg) {
		pkg = locked
	}
	why := ""
	switch {
	case o.onlyForDevelopment(pkg):
		why = fmt.Sprintf("%s is under devDependencies", pkg)
	case o.brings(program) != "":
		why = fmt.Sprintf("only devDependencies bring its package %s", pkg)
	case startup.IsDevelopmentServer(program):
		why = fmt.Sprintf("%s is not under dependencies", pkg)
	default:
		return o.doubtOfProgram(program)
	}
	return fate{kind: dies, program: program, pkg: pkg, why: fmt.Sprintf("calls %s, which the app image does not have: %s", program, why)}
}
