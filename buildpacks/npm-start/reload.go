package npmstart

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unwatched are paths of a project whose changes do not restart it.
var unwatched = []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules", ".git"}

// outputs are folders for logs, and for the output of builds and tests. One from
// which the app is started is watched nevertheless.
var outputs = []string{
	"dist", "build", "out", "public/build", ".next", ".nuxt", ".output", ".svelte-kit", ".astro", ".turbo", ".cache", ".parcel-cache",
	"coverage", ".nyc_output", "logs", "tmp",
}

// unwatchedFiles are patterns of unwatched files anywhere in a project.
var unwatchedFiles = []string{"**/*.log", "**/*.pid"}

// watchexec returns the command prefix that restarts the app when the project
// changes.
func (s start) watchexec() []string {
	line := []string{"watchexec", "--restart", "--watch", s.dir}
	for _, name := range slices.Concat(unwatched, slices.DeleteFunc(slices.Clone(outputs), s.startsFrom)) {
		line = append(line, "--ignore", filepath.Join(s.dir, name))
	}
	for _, pattern := range unwatchedFiles {
		line = append(line, "--ignore", pattern)
	}
	return append(line, "--shell", "none", "--")
}

// startsFrom reports whether the start script, or the main file that Node.js
// finds by default, names a folder of the project.
func (s start) startsFrom(folder string) bool {
	for _, word := range append(strings.FieldsFunc(s.web.Command, isSeparator), s.pkg.Main) {
		if word = path.Clean(word); word == folder || strings.HasPrefix(word, folder+"/") {
			return true
		}
	}
	return false
}

// isSeparator reports whether a character separates words of a script, or paths
// in them.
func isSeparator(r rune) bool { return strings.ContainsRune(" \t\n;&|()<>'\"`=,:", r) }
