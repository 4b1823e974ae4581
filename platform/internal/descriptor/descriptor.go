//go:build linux

// Package descriptor parses project.toml (Project Descriptor, schema 0.1 and
// 0.2): the app's files that a build includes, its buildpacks, and its variables.
package descriptor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/platform/internal/order"
)

// Descriptor is the part of the file that a build uses.
type Descriptor struct {
	Builder string
	Env     map[string]string
	Ignored []string // keys unknown to the schema

	// Buildpacks are the file's buildpacks. Paths are relative to its folder.
	Buildpacks order.Request

	// Filter reports whether a build includes a file, by its path in the app's
	// folder; nil includes all. Patterns are gitignore's, as pack interprets
	// them; see asGit.
	Filter func(path string) bool
}

// Name is the file's name in an app's folder.
const Name = "project.toml"

// maxBytes is the maximal size of the file.
const maxBytes = 1 << 20

// buildTable is the part that both schemas have, at different keys.
type buildTable struct {
	Include    []string   `toml:"include"`
	Exclude    []string   `toml:"exclude"`
	Builder    string     `toml:"builder"`
	Env        []variable `toml:"env"`
	Buildpacks []entry    `toml:"buildpacks"`
	Pre, Post  []entry    `toml:"-"`
}

// entry is a buildpack: the builder's, another one, or a script.
type entry struct {
	ID      string       `toml:"id"`
	Version string       `toml:"version"`
	URI     string       `toml:"uri"`
	Script  order.Script `toml:"script"`
}

// addition are buildpacks before or after the builder's order.
type addition struct {
	Group []entry `toml:"group"`
}

type variable struct {
	Name  string `toml:"name"`
	Value string `toml:"value"`
}

// file is the whole file, of either schema.
type file struct {
	Build buildTable     `toml:"build"` // 0.1
	Own   map[string]any `toml:"project"`
	Under struct {
		Schema string `toml:"schema-version"`
	} `toml:"_"`
	IO struct {
		Buildpacks struct { // 0.2
			Include []string `toml:"include"`
			Exclude []string `toml:"exclude"`
			Builder string   `toml:"builder"`
			Group   []entry  `toml:"group"`
			Pre     addition `toml:"pre"`
			Post    addition `toml:"post"`
			Build   struct {
				Env []variable `toml:"env"`
			} `toml:"build"`
		} `toml:"buildpacks"`
	} `toml:"io"`
}

// Find reads the file of an app's folder, if any. It does not follow a link out
// of the folder.
func Find(app string) (*Descriptor, error) {
	root, err := os.OpenRoot(app)
	if err != nil {
		return &Descriptor{}, nil // copying the app reports a missing folder
	}
	defer root.Close()
	text, err := regular.Read(root, Name, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return &Descriptor{}, nil
	}
	if err != nil {
		return nil, unusable(filepath.Join(app, Name), err)
	}
	return parse(filepath.Join(app, Name), string(text), true)
}

// Read reads the file at a path that the user named.
func Read(path string) (*Descriptor, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &failure.Failure{ID: "descriptor-unusable", Cause: "reading " + path, Err: err, Remedy: "name a file that is there and that you may read, or none for the app's project.toml."}
	}
	return parse(path, string(text), false)
}

func unusable(path string, err error) error {
	return &failure.Failure{ID: "descriptor-unusable", Cause: "reading " + path, Err: err, Remedy: "mend the file; buildpacks.io describes it under \"Project Descriptor\"."}
}

// parse parses the file at path. The buildpacks of the app's own file must be
// inside the app.
func parse(path, text string, own bool) (*Descriptor, error) {
	var f file
	keys, err := toml.Decode(text, &f)
	if err != nil {
		return nil, unusable(path, err)
	}
	table, schema, err := f.table()
	if err != nil {
		return nil, unusable(path, err)
	}
	if len(table.Include) > 0 && len(table.Exclude) > 0 {
		return nil, unusable(path, errors.New("it has both include and exclude: want one of them"))
	}
	pass, err := filter(table)
	if err != nil {
		return nil, unusable(path, err)
	}
	d := &Descriptor{Builder: table.Builder, Env: map[string]string{}, Filter: pass}
	for _, v := range table.Env {
		if v.Name == "" {
			return nil, unusable(path, errors.New("a variable has no name"))
		}
		d.Env[v.Name] = v.Value
	}
	for _, group := range []struct {
		into    *[]order.Locator
		entries []entry
	}{{&d.Buildpacks.Buildpacks, table.Buildpacks}, {&d.Buildpacks.Pre, table.Pre}, {&d.Buildpacks.Post, table.Post}} {
		for _, e := range group.entries {
			l, err := e.locator()
			if err != nil {
				return nil, unusable(path, err)
			}
			l.Base, l.Inside = filepath.Dir(path), own
			*group.into = append(*group.into, l)
		}
	}
	for _, key := range keys.Undecoded() {
		if name := key.String(); ours(name, schema) {
			d.Ignored = append(d.Ignored, name)
		}
	}
	return d, nil
}

// table returns the part for the build, and its schema version.
func (f file) table() (buildTable, string, error) {
	switch f.Under.Schema {
	case "", "0.1":
		return f.Build, "0.1", nil
	case "0.2":
		b := f.IO.Buildpacks
		table := buildTable{Include: b.Include, Exclude: b.Exclude, Builder: b.Builder, Env: b.Build.Env, Buildpacks: b.Group, Pre: b.Pre.Group, Post: b.Post.Group}
		return table, "0.2", nil
	}
	return buildTable{}, "", fmt.Errorf("its schema-version is %q, want 0.1 or 0.2", f.Under.Schema)
}

// locator returns the buildpack of an entry.
func (e entry) locator() (order.Locator, error) {
	named := e.ID
	if e.Version != "" {
		named += "@" + e.Version
	}
	switch {
	case e.URI != "":
		return order.Locator{Name: e.URI}, nil
	case e.ID == "":
		return order.Locator{}, errors.New("a buildpack has neither id nor uri")
	case e.Script.Inline != "":
		return order.Locator{Name: named, Inline: &e.Script}, nil
	}
	return order.Locator{Name: named}, nil
}

// ours reports whether a key is in the schema's namespace.
func ours(key, schema string) bool {
	prefixes := map[string][]string{"0.1": {"build.", "io.buildpacks."}, "0.2": {"io.buildpacks."}}[schema]
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}
