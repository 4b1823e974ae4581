package dockerignore

import (
	"os"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"

	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
)

// descriptor is the project descriptor's file in the app's root.
const descriptor = "project.toml"

// lists has project.toml's include and exclude, in either schema.
type lists struct {
	includes bool                // it has include
	except   []gitignore.Pattern // its exclude, if it has "!" patterns
}

type table struct {
	Include []string `toml:"include"`
	Exclude []string `toml:"exclude"`
}

// Includes reports whether an app's project.toml has include, so that every
// file there was chosen.
func Includes(app string) bool {
	root, err := os.OpenRoot(app)
	if err != nil {
		return false
	}
	defer root.Close()
	return readLists(root).includes
}

// readLists reads what it can and ignores errors: the platform, whose file it
// is, has already read it.
func readLists(root *os.Root) lists {
	text, err := readFile(root, descriptor)
	if err != nil {
		return lists{}
	}
	var file struct {
		Build table `toml:"build"` // schema 0.1
		IO    struct {
			Buildpacks table `toml:"buildpacks"` // schema 0.2
		} `toml:"io"`
	}
	if _, err := toml.Decode(text, &file); err != nil {
		return lists{}
	}
	var l lists
	for _, one := range []table{file.Build, file.IO.Buildpacks} {
		l.includes = l.includes || len(one.Include) > 0
		if strings.Contains(strings.Join(one.Exclude, "\n"), "!") {
			l.except = append(l.except, gitfolder.Patterns(strings.Join(one.Exclude, "\n"), nil)...)
		}
	}
	return l
}

// keeps reports whether exclude re-includes a file.
func (l lists) keeps(place string) bool {
	said := gitignore.NoMatch
	for _, p := range l.except {
		if match := p.Match(strings.Split(place, "/"), false); match != gitignore.NoMatch {
			said = match
		}
	}
	return said == gitignore.Include
}
