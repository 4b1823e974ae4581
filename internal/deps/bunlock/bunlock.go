// Package bunlock parses Bun's bun.lock, lockfile versions 0 to 3, into a
// [deps.Graph] of the hoisted tree that it describes. It reads no environment and
// writes nothing.
package bunlock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// Names of Bun's lockfiles: the text, and the binary one of Bun up to 1.1.
const (
	Text   = "bun.lock"
	Binary = "bun.lockb"
)

// newest is the newest version of the format that this package reads.
const newest = 3

// InvalidID is the id of the [failure.Failure]s.
const InvalidID = "lockfile-invalid"

// Read returns the [Text] in a folder. Found is false if there is none. An
// unreadable or invalid one is a [failure.Failure] with [InvalidID].
func Read(dir string) (graph deps.Graph, found bool, err error) {
	file := filepath.Join(dir, Text)
	text, err := regular.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return deps.Graph{}, false, nil
	}
	if err != nil {
		return deps.Graph{}, false, invalid(fmt.Sprintf("%s cannot be read", file), regular.TooLarge(err))
	}
	if graph, err = Parse(text); err != nil {
		return deps.Graph{}, false, invalid(fmt.Sprintf("%s cannot be decoded", file), err)
	}
	graph.File = Text
	return graph, true, nil
}

func invalid(cause string, err error) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  cause,
		Remedy: "take the lines of a merge conflict out of it; or delete bun.lock, run `bun install` and commit what it writes.",
		Err:    err,
	}
}

// conflict matches a line that git leaves where two versions of a file differ.
var conflict = regexp.MustCompile(`(?m)^(<{7}|={7}|>{7})( .*)?$`)

// lockfile is the content of the file.
type lockfile struct {
	Version    int                        `json:"lockfileVersion"`
	Workspaces map[string]importer        `json:"workspaces"` // by folder, "" for the project itself
	Packages   map[string]json.RawMessage `json:"packages"`   // by place: "a/b" is b in the folder of a
}

// importer is a folder with a package.json.
type importer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	info
}

// info is what is known about a package.
type info struct {
	Dependencies  map[string]string `json:"dependencies"`
	DevDeps       map[string]string `json:"devDependencies"`
	OptionalDeps  map[string]string `json:"optionalDependencies"`
	PeerDeps      map[string]string `json:"peerDependencies"`
	OptionalPeers []string          `json:"optionalPeers"`
	OS            list              `json:"os"`
	CPU           list              `json:"cpu"`
	Libc          list              `json:"libc"`
	Bundled       bool              `json:"bundled"`
	Bin           any               `json:"bin"`
}

// list decodes a list of words, or one word.
type list []string

func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(l))
}

// Parse decodes a lockfile. File of the result is empty.
func Parse(text []byte) (deps.Graph, error) {
	text, err := textfile.Decode(text)
	if err != nil {
		return deps.Graph{}, err
	}
	if at := conflict.FindIndex(text); at != nil {
		return deps.Graph{}, fmt.Errorf("line %d is of a merge conflict", 1+strings.Count(string(text[:at[0]]), "\n"))
	}
	standard, err := hujson.Standardize(text) // it has trailing commas, and may have comments
	if err != nil {
		return deps.Graph{}, err
	}
	var file lockfile
	if err := json.Unmarshal(standard, &file); err != nil {
		return deps.Graph{}, err
	}
	if file.Version < 0 || file.Version > newest {
		return deps.Graph{}, fmt.Errorf("lockfileVersion is %d, want 0 to %d: it is of a newer Bun than this buildpack knows", file.Version, newest)
	}
	return file.graph()
}

// graph makes the graph.
func (f lockfile) graph() (deps.Graph, error) {
	g := deps.Graph{Version: max(f.Version, 1)} // 0 stands for no lockfile
	for folder, one := range f.Workspaces {
		if folder != "" && !isFolder(folder) {
			return deps.Graph{}, fmt.Errorf("got the workspace %q, want a folder of the project", folder)
		}
		p := one.info.pkg()
		p.Path, p.Name, p.Version = folder, one.Name, one.Version
		p.DevDeps = one.DevDeps
		if folder == "" {
			g.Root = p
		} else {
			g.Packages = append(g.Packages, p)
		}
	}
	entries := entries{}
	for key, raw := range f.Packages {
		e, err := parseEntry(raw)
		if err != nil {
			return deps.Graph{}, fmt.Errorf("the package %q: %w", key, err)
		}
		entries[key] = e
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		e := entries[key]
		folder, err := entries.folder(key)
		if err != nil {
			return deps.Graph{}, err
		}
		p := e.pkg()
		p.Path = folder
		g.Packages = append(g.Packages, p)
	}
	slices.SortFunc(g.Packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
	for i := 1; i < len(g.Packages); i++ {
		if g.Packages[i].Path == g.Packages[i-1].Path {
			return deps.Graph{}, fmt.Errorf("two packages are in the folder %s", g.Packages[i].Path)
		}
	}
	mark(&g)
	return g, nil
}

// pkg returns what an info says of a package.
func (i info) pkg() deps.Package {
	maps.DeleteFunc(i.PeerDeps, func(name, _ string) bool { return slices.Contains(i.OptionalPeers, name) })
	return deps.Package{
		Dependencies: i.Dependencies, OptionalDeps: i.OptionalDeps, PeerDeps: i.PeerDeps, InBundle: i.Bundled,
		OS: i.OS, CPU: i.CPU, Libc: i.Libc, // "none" for what Bun does not know, and is no target
	}
}

// entries are the packages, by their keys.
type entries map[string]entry

// folder returns the folder of the package with a key: "a/b" is b in the
// node_modules of a's folder.
func (all entries) folder(key string) (string, error) {
	names := segments(key)
	if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return !isName(name) }) {
		return "", fmt.Errorf("the package %q: want names of packages with slashes between", key)
	}
	folder := ""
	for i := range names[:len(names)-1] {
		above := strings.Join(names[:i+1], "/")
		if e, ok := all[above]; ok && e.kind == workspace {
			folder = e.address
			continue
		}
		folder = path.Join(folder, "node_modules", names[i])
	}
	return path.Join(folder, "node_modules", names[len(names)-1]), nil
}

// segments splits a key into the names of packages.
func segments(key string) (names []string) {
	parts := strings.Split(key, "/")
	for i := 0; i < len(parts); i++ {
		if strings.HasPrefix(parts[i], "@") && i+1 < len(parts) {
			names = append(names, parts[i]+"/"+parts[i+1])
			i++
			continue
		}
		names = append(names, parts[i])
	}
	return names
}

// isName reports whether a text can be a package's name: a folder below
// node_modules.
func isName(name string) bool {
	return filepath.IsLocal(name) && path.Clean(name) == name && name != "." && !strings.Contains(name, "\\")
}
