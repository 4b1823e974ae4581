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

// lists are what project.toml says of files, in either of its schemas.
type lists struct {
	includes bool                // it lists all that takes part
	except   []gitignore.Pattern // of what it excludes; empty where it excludes nothing but
}

type table struct {
	Include []string `toml:"include"`
	Exclude []string `toml:"exclude"`
}

// Includes reports whether project.toml of an app lists what takes part in the
// build, so that everything that is there was chosen.
func Includes(app string) bool {
	root, err := os.OpenRoot(app)
	if err != nil {
		return false
	}
	defer root.Close()
	return readLists(root).includes
}

// readLists reads them as far as they can be read: the platform, whose file it
// is, has read it before.
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

// keeps reports whether exclude names a file as one that is not excluded.
func (l lists) keeps(place string) bool {
	said := gitignore.NoMatch
	for _, p := range l.except {
		if match := p.Match(strings.Split(place, "/"), false); match != gitignore.NoMatch {
			said = match
		}
	}
	return said == gitignore.Include
}
