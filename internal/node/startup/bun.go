package startup

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// bunProgram is the program of Bun.
const bunProgram = "bun"

// bunsPort is the port of a server of Bun without a variable or an option.
const bunsPort = 3000

var (
	// callsBun matches a use of what only Bun has.
	callsBun = regexp.MustCompile(`\bBun\.\w|(?:\bfrom|\bimport|\brequire\s*\()\s*['"]bun(?::[\w-]+)?['"]`)

	// exportsDefault matches a default export, and fetches the method that Bun
	// serves of it, or a library whose apps have that method.
	exportsDefault = regexp.MustCompile(`(?m:^\s*export\s+default\b)|\bexport\s*\{[^}]*\bas\s+default\b`)
	fetches        = regexp.MustCompile(`\bfetch\b|['"](?:hono|elysia|h3|itty-router|@hono/[\w-]+)(?:/[\w/-]+)?['"]`)

	// ownPortOfBun matches a port beside the method.
	ownPortOfBun = regexp.MustCompile(`\bport\s*[:,]`)
)

// isForBun reports whether Bun has to run a file of a project whose package manager
// is Bun: one in TypeScript, one that uses what only Bun has, or one whose default
// export Bun serves.
func (d *decider) isForBun(file string) bool {
	return d.HasBun && (isTypeScript(file) || d.needsBun(file))
}

// needsBun is isForBun without regard to the language.
func (d *decider) needsBun(file string) bool {
	return d.HasBun && (callsBun.Match(d.code(file)) || d.servedByBun(file))
}

// servedByBun reports whether a file begins no work by itself, and exports what Bun
// then serves.
func (d *decider) servedByBun(file string) bool {
	text := d.code(file)
	return d.HasBun && exportsDefault.Match(text) && fetches.Match(text) && !d.listens(file)
}

// code returns the text of a file without comments.
func (d *decider) code(file string) []byte {
	return []byte(comments.ReplaceAllString(string(d.entryText(file)), ""))
}

// isTypeScript reports whether a file is in TypeScript.
func isTypeScript(file string) bool {
	return slices.Contains([]string{".ts", ".mts", ".cts", ".tsx"}, path.Ext(file))
}

// bunsSwitches are options of Bun without a value. The first ones have it load the
// file again when it changes.
var bunsSwitches = strings.Fields("--hot --watch --no-clear-screen --smol --bun -b --silent")

// bunRuns returns the file that a command has Bun run, or an empty text. It is the
// first word that is no option.
func (d *decider) bunRuns(words []string) string {
	if len(words) == 0 || programName(words) != bunProgram {
		return ""
	}
	for _, word := range words[1:] {
		if word == "run" || slices.Contains(bunsSwitches, word) {
			continue
		}
		if file := path.Clean(word); (isTypeScript(file) || isJavaScript(file)) && d.isFile(file) {
			return file
		}
		return ""
	}
	return ""
}

// developedWithBun returns the process of the file that a script for development has
// Bun run, if that is a server.
func (d *decider) developedWithBun() *Process {
	if !d.HasBun {
		return nil
	}
	for _, name := range forDevelopment {
		all := calls(d.pkg.Scripts[name])
		if len(all) == 0 {
			continue
		}
		file := d.bunRuns(all[len(all)-1])
		if file == "" || !d.hasServerLibrary() && !d.needsBun(file) || d.onlyExports(file) {
			continue
		}
		d.app.Weak = true
		return &Process{
			Type: WebProcess, Command: bunProgram + " " + quote(file), File: file,
			Evidence: fmt.Sprintf("%s, which the script %s has Bun run", file, name),
		}
	}
	return nil
}

// components returns the process of a file in TypeScript with components, which no
// Node.js runs, if it is a server for Bun.
func (d *decider) components() *Process {
	for _, file := range []string{"index.tsx", "src/index.tsx", "server.tsx", "src/server.tsx"} {
		if d.isFile(file) && d.needsBun(file) {
			d.app.Weak = true
			p := d.source(file, file+", which Bun runs")
			return &p
		}
	}
	return nil
}
