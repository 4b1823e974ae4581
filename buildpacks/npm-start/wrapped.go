package npmstart

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// ofWrapped is the fate of the command that a program starts; for a program that
// starts none, its own known fate.
func (o oracle) ofWrapped(program string, arguments []string) fate {
	switch program {
	case "cross-env", "env", "exec", "time":
		return o.ofRest(afterVariables(arguments))
	case "cross-env-shell":
		return o.of(strings.Join(afterVariables(arguments), " "))
	case "dotenv", "dotenvx", "env-cmd", "dumb-init", "tini":
		if at := slices.Index(arguments, "--"); at >= 0 {
			return o.ofRest(arguments[at+1:])
		}
		if program == "dotenvx" && len(arguments) > 0 && arguments[0] == "run" {
			return o.ofRest(arguments[1:])
		}
		return o.ofRest(arguments)
	case "sh", "bash":
		if len(arguments) > 1 && arguments[0] == "-c" {
			return o.of(arguments[1])
		}
	case "concurrently":
		return o.ofConcurrently(arguments)
	case "run-s", "run-p", "npm-run-all", "npm-run-all2":
		return o.ofRunAll(program, arguments)
	}
	if startup.Ends(program, arguments) {
		return fate{kind: ends}
	}
	return fate{}
}

// ofRest is the fate of a command in a program's arguments, unless that begins
// with an option of the program's.
func (o oracle) ofRest(words []string) fate {
	if len(words) == 0 || strings.HasPrefix(words[0], "-") {
		return fate{}
	}
	return o.ofCommand(words)
}

func afterVariables(words []string) []string {
	for len(words) > 0 && strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-") {
		words = words[1:]
	}
	return words
}

// ofNode is the fate of node: of its preloaded modules, of the script that it
// runs, and of a program of node_modules.
func (o oracle) ofNode(arguments []string) fate {
	for i, word := range arguments {
		flag, value, joined := strings.Cut(word, "=")
		switch {
		case slices.Contains(preloads, flag):
			if !joined && i+1 < len(arguments) {
				value = arguments[i+1]
			}
			if f := o.ofModule(value); f.kind == dies || f.doubt != nil {
				return f
			}
		case flag == "--run":
			if !joined && i+1 < len(arguments) {
				value = arguments[i+1]
			}
			if _, ok := o.pkg.Scripts[value]; ok {
				return o.of(o.pkg.Scripts[value]).through(value) // without hooks
			}
			return fate{}
		case strings.HasPrefix(word, "-") || i > 0 && slices.Contains(preloads, arguments[i-1]):
		case i > 0 && strings.HasPrefix(arguments[i-1], "-") && !strings.Contains(arguments[i-1], "=") && !isSwitch(arguments[i-1]):
			return fate{} // it may be an option's value, or the script
		default:
			return o.ofFile(word, arguments[i+1:])
		}
	}
	return fate{}
}

// isSwitch is true for options of node without a separate value.
func isSwitch(option string) bool {
	return slices.ContainsFunc([]string{"--no-", "--enable-", "--trace-", "--inspect", "--experimental-", "--preserve-symlinks"}, func(prefix string) bool {
		return strings.HasPrefix(option, prefix)
	})
}

// ofFile is the fate of a file that node runs: it is known only for a package's
// file.
func (o oracle) ofFile(file string, arguments []string) fate {
	if program, ok := inBin(file); ok {
		return o.ofProgram(program, arguments)
	}
	if inside, ok := strings.CutPrefix(path.Clean(file), nodemodules.Dir+"/"); ok {
		return o.ofModule(inside)
	}
	if f := o.ofRegister(file); f.kind == dies {
		return f
	}
	return o.doubtOfFile(file)
}

// registering matches a compiler that a file loads first, whatever else it does:
// "ts-node/register".
var registering = regexp.MustCompile(`(?m)^(?:require\(\s*|import\s+)['"]([^.'"/][^'"]*/register[^'"]*)['"]`)

// maxFile is the size limit in bytes of a file that is searched.
const maxFile = 1 << 20

// ofRegister is the fate of a file of the app that loads a compiler.
func (o oracle) ofRegister(file string) fate {
	if !isPlain(file) {
		return fate{}
	}
	for _, end := range []string{"", ".js", "/index.js"} {
		name := filepath.Join(o.dir, file+end)
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
			continue
		}
		text, err := regular.ReadFile(name)
		if match := registering.FindSubmatch(text); err == nil && match != nil {
			return o.ofModule(string(match[1]))
		}
		break
	}
	return fate{}
}

// preloads are the options of node that name a module.
var preloads = []string{"-r", "--require", "--import", "--loader", "--experimental-loader"}

// ofModule is the fate of loading a module by its name: "ts-node/register".
func (o oracle) ofModule(name string) fate {
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, ":$\\") || path.IsAbs(name) {
		return fate{}
	}
	parts := strings.SplitN(name, "/", 3)
	pkg := parts[0]
	if strings.HasPrefix(pkg, "@") && len(parts) > 1 {
		pkg += "/" + parts[1]
	}
	if o.onlyForDevelopment(pkg) && o.module(pkg) == absent {
		return fate{kind: dies, pkg: pkg, why: fmt.Sprintf("loads %s, which the app image does not have: %s is under devDependencies", name, pkg)}
	}
	return o.doubtOfModule(name, pkg)
}

// ofNPM is the fate of npm: of the script that it runs in this project.
func (o oracle) ofNPM(arguments []string) fate {
	var words []string
	lenient := false
	for _, word := range arguments {
		switch {
		case word == "--":
			return o.ofNPMCommand(append(words, "--"), lenient)
		case word == "--if-present":
			lenient = true
		case slices.Contains(quiet, word):
		case strings.HasPrefix(word, "-"):
			return fate{} // it may select another folder, or have a value
		default:
			words = append(words, word)
		}
	}
	return o.ofNPMCommand(words, lenient)
}

// quiet are npm's options that only change its output.
var quiet = []string{"-s", "--silent", "-q", "--quiet", "-d", "--verbose", "--no-update-notifier", "--no-fund", "--no-audit"}

func (o oracle) ofNPMCommand(words []string, lenient bool) fate {
	if len(words) == 0 {
		return fate{}
	}
	name := ""
	switch words[0] {
	case "start", "test", "stop":
		name = words[0]
		if name == "start" && strings.TrimSpace(o.pkg.Scripts[name]) == "" {
			return fate{} // then it runs server.js
		}
	case "run", "run-script", "rum", "urn":
		if len(words) < 2 || words[1] == "--" {
			return fate{}
		}
		name = words[1]
	case "exec", "x":
		if rest := slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool { return word == "--" }); len(rest) == 1 && len(words) == 2 {
			return o.ofNPX(rest)
		}
		return fate{}
	default:
		return fate{}
	}
	if _, ok := o.pkg.Scripts[name]; !ok && (lenient || name == "test" || name == "stop" || strings.Contains(name, "$")) {
		return fate{kind: ends}
	}
	return o.ofScript(name)
}

// ofNPX is the fate of npx: it downloads a missing package whenever a container
// starts. With --yes that may be intended.
func (o oracle) ofNPX(arguments []string) fate {
	for len(arguments) > 0 && slices.Contains([]string{"--no-install", "--no", "--quiet", "-q", "--"}, arguments[0]) {
		arguments = arguments[1:]
	}
	if len(arguments) == 0 || strings.HasPrefix(arguments[0], "-") || strings.Contains(arguments[0], "$") {
		return fate{}
	}
	name, version := arguments[0], ""
	if at := strings.LastIndex(name, "@"); at > 0 {
		name, version = name[:at], name[at+1:]
	}
	switch {
	case o.command(name) == present:
		return o.ofCommand(append([]string{name}, arguments[1:]...))
	case o.command(name) == unknown || o.module(name) != absent || version != "":
		return fate{}
	}
	return fate{kind: dies, program: name, pkg: startup.PackageOf(name), why: fmt.Sprintf("calls npx %s, which the app image does not have: npx would fetch it from the registry whenever a container starts", name)}
}
