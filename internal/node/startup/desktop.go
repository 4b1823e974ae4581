package startup

import (
	"fmt"
	"regexp"
	"strings"
)

// ofDesktop says that a script opens a window: "starts electron, which needs a
// display". It is empty for others.
func ofDesktop(text string) string {
	if strings.Contains(text, "ELECTRON_RUN_AS_NODE") {
		return ""
	}
	for _, words := range calls(text) {
		if program := programName(words); opensWindow(program, words[1:]) {
			return fmt.Sprintf("starts %s, which needs a display", program)
		}
	}
	return ""
}

var importsElectron = regexp.MustCompile(`(?:\brequire\s*\(|\bimport\s*\(|\bfrom|\bimport)\s*['"]electron(?:/main)?['"]`)

// isOfDesktop reports whether a file is a program of Electron's.
func (d *decider) isOfDesktop(file string) bool { return importsElectron.Match(d.entryText(file)) }

// serverScripts are names of scripts that start the server of an app that is also
// something else.
var serverScripts = []string{"server", "start:server", "start-server", "server:start", "serve"}

// serverScript returns the process of a script that starts a server with node, for
// an app that depends on a library for servers and whose script start, if there is
// one, opens a window.
func (d *decider) serverScript() *Process {
	if start := d.pkg.Scripts[defaultScript]; !d.hasServerLibrary() || strings.TrimSpace(start) != "" && ofDesktop(start) == "" {
		return nil
	}
	for _, name := range serverScripts {
		if strings.TrimSpace(d.pkg.Scripts[name]) == "" {
			continue
		}
		one := d.script(name)
		all := calls(one.Command)
		if one.passed != "" || len(all) == 0 || programName(all[len(all)-1]) != "node" {
			continue
		}
		d.app.Weak = true
		return &one.Process
	}
	return nil
}
