package startup

import (
	"path"
	"regexp"
	"strings"
)

// exporting and listening match what a module exports, and the calls with which a
// program begins its work, in JavaScript and TypeScript.
var (
	exporting = regexp.MustCompile(`\bmodule\.exports\b|\bexports\.\w+\s*=|(?m:^\s*export\s)`)
	listening = regexp.MustCompile(`(?i)\b\w*(listen|serve|server|start|launch|login|lift|run|schedule|setInterval|subscribe|consume)\s*\(`)
	importing = regexp.MustCompile(`(?:\brequire\s*\(|\bimport\s*\(|\bfrom|\bimport)\s*['"](\.[^'"]*)['"]`)
)

// maxImports is the maximal number of files that are searched for one program.
const maxImports = 50

// onlyExports reports whether a file is a library: it exports something, which Bun
// does not serve, and neither it nor the files that it imports call anything that
// listens.
func (d *decider) onlyExports(file string) bool {
	return exporting.Match(d.entryText(file)) && !d.listens(file) && !d.servedByBun(file)
}

// listens reports whether a file, or one that it imports, calls anything that
// listens, as far as that is known.
func (d *decider) listens(file string) bool {
	queue, seen := []string{file}, map[string]bool{file: true}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		text := comments.ReplaceAllString(string(d.entryText(name)), "")
		if listening.MatchString(text) {
			return true
		}
		for _, match := range importing.FindAllStringSubmatch(text, -1) {
			next := d.imported(path.Join(path.Dir(name), match[1]))
			if next == "" || seen[next] {
				continue
			}
			if len(seen) == maxImports {
				return true
			}
			seen[next] = true
			queue = append(queue, next)
		}
	}
	return false
}

// imported returns the file of an import, or an empty text.
func (d *decider) imported(name string) string {
	for _, file := range []string{strings.TrimSuffix(name, ".js") + ".ts", name + "/index.ts"} {
		if d.isFile(file) {
			return file
		}
	}
	return d.resolved(name)
}
