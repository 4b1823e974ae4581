// Package deps has the dependencies of a project as a graph, independent of the
// package manager: packages in their folders, links, and platforms. It reads no
// files; subpackages parse lockfiles into a [Graph].
package deps

import (
	"encoding/base64"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// modulesDir is the folder in which Node.js looks for packages.
const modulesDir = "node_modules"

// Graph is the content of a lockfile. The zero value is that of no lockfile.
type Graph struct {
	File     string    // the lockfile's name; empty if the graph has another source
	Version  int       // of the lockfile's format
	Sparse   bool      // the format lacks platforms, install scripts, folders, and which dependencies are optional
	StoreDir string    // the folder of a virtual store, see [Store]: "node_modules/.pnpm"; or empty
	Virtual  bool      // folders are those of a virtual store, which an install does not have, see [Store]
	Root     Package   // the project itself, Path ""
	Packages []Package // all others, sorted by Path
}

// Package is a package in its folder, a link to a folder, or a folder of the
// project that has a package.json: a workspace, or a file: dependency.
type Package struct {
	Path             string // its folder, with slashes: "node_modules/a/node_modules/b", or "packages/a" for a workspace
	Name             string // "b", "@scope/b"; for an alias, the name in the registry
	Version          string // "1.2.3"; empty for links, and if unknown
	Link             bool   // a symbolic link to a workspace or a file: dependency
	To               string // the link's target folder, relative to the project
	Resolved         string // the address in the lockfile; empty for links
	Source           Source // parsed from Resolved
	Integrity        string // subresource integrity, "sha512-…" in base64, or several separated by spaces
	License          string
	Dev              bool // needed by devDependencies only
	Optional         bool // needed by optionalDependencies only
	DevOptional      bool // needed by devDependencies or optionalDependencies only
	Peer             bool // needed as a peer only
	InBundle         bool // in the archive of the package around it
	HasInstallScript bool
	OS, CPU, Libc    []string // supported platforms in Node's terms, "!x" for all but x; empty for any
	Engines          map[string]string
	Dependencies     map[string]string // ranges by name
	OptionalDeps     map[string]string
	DevDeps          map[string]string // only for the project, workspaces and file: dependencies
	PeerDeps         map[string]string // without the optional ones
	Commands         []string          // names of its programs, sorted
}

// SourceKind is the kind of a package's source.
type SourceKind int

// The kinds of sources.
const (
	FromRegistry SourceKind = iota // also if unknown
	FromGit                        // a git repository
	FromArchive                    // an archive at an address outside a registry
	FromFile                       // an archive in the app
)

// Source is a package's source.
type Source struct {
	Kind    SourceKind
	Address string // empty for a registry, without credentials; "git+https://host/path" for git, "file:vendor/a.tgz" for a file
	Commit  string // of git, if known
}

// InNodeModules is false for the folders of workspaces and file: dependencies,
// which have their own entries.
func (p Package) InNodeModules() bool { return inNodeModules(p.Path) }

func inNodeModules(path string) bool {
	return strings.HasPrefix(path, modulesDir+"/") || strings.Contains(path, "/"+modulesDir+"/")
}

// Checksums returns the digests of the package's archive in hexadecimal, by
// algorithm: "sha512".
func (p Package) Checksums() map[string]string {
	sums := map[string]string{}
	for _, one := range strings.Fields(p.Integrity) {
		algorithm, encoded, _ := strings.Cut(one, "-")
		encoded, _, _ = strings.Cut(encoded, "?") // options
		if digest, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(digest) > 0 {
			sums[algorithm] = hex.EncodeToString(digest)
		}
	}
	return sums
}

// isMemory reports whether an entry only records that the package could not be
// fetched.
func (p Package) isMemory() bool {
	return p.Version == "" && p.Resolved == "" && p.Source.Kind == FromRegistry && !p.Link
}

// Package returns the package at a path, "" for the project itself.
func (g Graph) Package(path string) (Package, bool) {
	if path == "" {
		return g.Root, true
	}
	at, found := slices.BinarySearchFunc(g.Packages, path, func(p Package, path string) int { return strings.Compare(p.Path, path) })
	if !found {
		return Package{}, false
	}
	return g.Packages[at], true
}

// Resolve finds the package that Node.js would load by name from a package's
// folder, a path in the graph: in the node_modules of the folder, or of one of its
// parents.
func (g Graph) Resolve(from, name string) (Package, bool) {
	for dir := from; ; dir = above(dir) {
		if path.Base(dir) != modulesDir {
			if found, ok := g.Package(path.Join(dir, modulesDir, name)); ok && !found.isMemory() {
				return found, true
			}
		}
		if dir == "" || path.Base(dir) == ".." {
			return Package{}, false
		}
	}
}

// above returns the parent folder, "" for the lockfile's.
func above(dir string) string {
	if dir = path.Dir(dir); dir == "." || dir == "/" {
		return ""
	}
	return dir
}

// Links returns the folders that links point to (workspaces and file:
// dependencies, but no packages of a virtual store), relative to the project,
// sorted, without duplicates.
func (g Graph) Links() []string {
	var all []string
	for _, p := range g.Packages {
		if p.Link && !inNodeModules(p.To) {
			all = append(all, p.To)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Folders returns the folders of the project besides its own: those that links
// point to, and those that have an entry, relative to the project, sorted, without
// duplicates.
func (g Graph) Folders() []string {
	all := g.Links()
	for _, p := range g.Packages {
		if !p.Link && !p.InNodeModules() {
			all = append(all, p.Path)
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(folder string) bool { return folder == "" })
}

// StoreFolder returns the folder of a package in the virtual store, with the links
// to its dependencies: "node_modules/.pnpm/a@1.0.0"; "" for anything else.
func (g Graph) StoreFolder(p Package) string {
	rest, ok := strings.CutPrefix(p.Path, g.StoreDir+"/")
	folder, _, inside := strings.Cut(rest, "/"+modulesDir+"/")
	if g.StoreDir == "" || !ok || !inside {
		return ""
	}
	return path.Join(g.StoreDir, folder)
}

// ForAnyTarget reports whether, according to the lockfile, an install without
// devDependencies is the same for every platform: no package is limited to some
// platforms or has an install script.
func (g Graph) ForAnyTarget() bool {
	return !g.Sparse && !slices.ContainsFunc(g.Packages, func(p Package) bool {
		return !p.Dev && (p.HasPlatform() || p.InNodeModules() && p.HasInstallScript)
	})
}
