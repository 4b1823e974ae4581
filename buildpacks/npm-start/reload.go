package npmstart

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unwatched are paths of a project whose changes restart nothing.
var unwatched = []string{"package.json", "package-lock.json", "npm-shrinkwrap.json", "node_modules", ".git"}

// outputs are folders that builds and tests write into, and logs. One that the
// app is started from is watched all the same.
var outputs = []string{
	"dist", "build", "out", "public/build", ".next", ".nuxt", ".output", ".svelte-kit", ".astro", ".turbo", ".cache", ".parcel-cache",
	"coverage", ".nyc_output", "logs", "tmp",
}

// unwatchedFiles are patterns of files that may be anywhere in a project.
var unwatchedFiles = []string{"**/*.log", "**/*.pid"}

// watchexec is the command that runs what follows it, and again when the
// project changes.
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

// startsFrom says whether the start script, or the main file that it leaves to
// Node.js to find, names a folder of the project.
func (s start) startsFrom(folder string) bool {
	for _, word := range append(strings.FieldsFunc(s.script, isSeparator), s.pkg.Main) {
		if word = path.Clean(word); word == folder || strings.HasPrefix(word, folder+"/") {
			return true
		}
	}
	return false
}

// isSeparator tells what stands between the words of a script, and around
// paths in them.
func isSeparator(r rune) bool { return strings.ContainsRune(" \t\n;&|()<>'\"`=,:", r) }
