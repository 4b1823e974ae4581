package gitfolder

import (
	"os"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// maxIgnore is the largest file of patterns that is read, in bytes.
const maxIgnore = 1 << 20

// probe represents any package in node_modules.
const probe = "a-package"

// Ignores returns the .gitignore of the app that makes git ignore a folder's
// content, or "". The folder is a path with slashes. As in git, the last
// matching pattern of the nearest file decides, and everything in an ignored
// folder is ignored.
func Ignores(app, folder string) (file string) { return decider(app, path.Join(folder, probe), true) }

// IgnoresFile is [Ignores] for a file.
func IgnoresFile(app, name string) (file string) { return decider(app, name, false) }

// decider returns the .gitignore that makes git ignore a place in the app.
func decider(app, place string, isDir bool) (file string) {
	root, err := os.OpenRoot(app)
	if err != nil {
		return ""
	}
	defer root.Close()
	parts := strings.Split(path.Clean(place), "/")
	for i := range parts {
		if file := ignores(root, parts[:i+1], isDir || i < len(parts)-1); file != "" {
			return file
		}
	}
	return ""
}

// ignores returns the file that makes git ignore a path, if git ignores no
// folder above it.
func ignores(root *os.Root, place []string, isDir bool) (file string) {
	for above := len(place) - 1; above >= 0; above-- {
		domain := place[:above]
		name := path.Join(path.Join(domain...), ".gitignore")
		if decided, ignored := decides(root, name, domain, place, isDir); decided {
			if ignored {
				return name
			}
			return ""
		}
	}
	const exclude = Name + "/info/exclude"
	if _, ignored := decides(root, exclude, nil, place, isDir); ignored {
		return exclude
	}
	return ""
}

// decides reports whether a .gitignore matches a folder or a file, and whether git
// ignores it.
func decides(root *os.Root, name string, domain, place []string, isDir bool) (decided, ignored bool) {
	text, err := read(root, name, maxIgnore)
	if err != nil {
		return false, false
	}
	for _, p := range Patterns(string(text), domain) {
		if p.Match(place[:len(place)-1], true) != gitignore.NoMatch {
			continue // it matches an ancestor, which was checked before
		}
		switch p.Match(place, isDir) {
		case gitignore.Exclude:
			decided, ignored = true, true
		case gitignore.Include:
			decided, ignored = true, false
		}
	}
	return decided, ignored
}

// Patterns parses a .gitignore in the folder domain.
func Patterns(text string, domain []string) []gitignore.Pattern {
	var all []gitignore.Pattern
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		all = append(all, gitignore.ParsePattern(line, domain))
	}
	return all
}
