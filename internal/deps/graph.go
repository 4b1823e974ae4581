// Package deps has the dependencies of a project as a graph, whichever package
// manager's lockfile they were read from: packages in their folders, links, and
// what each is made for. It reads no files; packages beside it parse lockfiles
// into a [Graph].
package deps

import (
	"encoding/base64"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// modulesDir is the name of the folder that Node.js looks for packages in.
const modulesDir = "node_modules"

// Graph is what a lockfile says. The zero value is that of no lockfile.
type Graph struct {
	File     string    // the lockfile's name; empty where the graph comes from elsewhere
	Version  int       // of the lockfile's format
	Sparse   bool      // the format does not tell platforms, install scripts, folders, and which dependencies are optional
	Root     Package   // the project itself, Path ""
	Packages []Package // all others, sorted by Path
}

// Package is a package in its folder, a link to a folder, or a folder of the
// project that has a package.json: a workspace, or a file: dependency.
type Package struct {
	Path             string // where it stands, with slashes: "node_modules/a/node_modules/b", or of a workspace "packages/a"
	Name             string // "b", "@scope/b"; the name in the registry where that differs from the folder's (an alias)
	Version          string // "1.2.3"; empty for links, and where nobody knows it
	Link             bool   // a symbolic link to a workspace or a file: dependency
	To               string // of a link: the folder that it leads to, relative to the project
	Resolved         string // the address that the lockfile has; empty for links
	Source           Source // what kind of address that is
	Integrity        string // subresource integrity, "sha512-…" in base64, or several with a space between
	License          string
	Dev              bool // needed by devDependencies only
	Optional         bool // needed by optionalDependencies only
	DevOptional      bool // needed by devDependencies or optionalDependencies only
	InBundle         bool // comes inside the archive of the package around it
	HasInstallScript bool
	OS, CPU, Libc    []string // platforms in Node's words, "!x" for all but x; empty for any
	Engines          map[string]string
	Dependencies     map[string]string // ranges by name
	OptionalDeps     map[string]string
	DevDeps          map[string]string // of the project, workspaces and file: dependencies only
	PeerDeps         map[string]string // but for those that are optional
	Commands         []string          // the names of its programs, sorted
}

// SourceKind says where a package comes from.
type SourceKind int

// The kinds of sources.
const (
	FromRegistry SourceKind = iota // or nobody knows better
	FromGit                        // a repository
	FromArchive                    // an archive at an address that is no registry's
	FromFile                       // an archive of the app
)

// Source is where a package comes from.
type Source struct {
	Kind    SourceKind
	Address string // of anything but a registry, without credentials; of git "git+https://host/path"; of a file "file:vendor/a.tgz"
	Commit  string // of git, where it is known
}

// InNodeModules is false for the folders of workspaces and file:
// dependencies, which have entries of their own.
func (p Package) InNodeModules() bool {
	return strings.HasPrefix(p.Path, modulesDir+"/") || strings.Contains(p.Path, "/"+modulesDir+"/")
}

// Checksums are the digests of the package's archive in hexadecimal digits, by
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

// isMemory is true for an entry of which nothing is known but that the package
// could not be had.
func (p Package) isMemory() bool {
	return p.Version == "" && p.Resolved == "" && p.Source.Kind == FromRegistry && !p.Link
}

// Package returns what stands at a path, "" for the project itself.
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

// Resolve finds the package that Node.js would load by a name from a package's
// folder, which is a path in the graph: in the node_modules of the folder, or of
// one of those above it.
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

// above is the folder above, "" for that of the lockfile.
func above(dir string) string {
	if dir = path.Dir(dir); dir == "." || dir == "/" {
		return ""
	}
	return dir
}

// Links returns the folders that links lead to (workspaces and file:
// dependencies), relative to the project, sorted and each once.
func (g Graph) Links() []string {
	var all []string
	for _, p := range g.Packages {
		if p.Link {
			all = append(all, p.To)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ForAnyTarget tells whether an install without devDependencies comes out the
// same for every platform, as far as the lockfile says: no package is made for
// some platforms only, and none has an install script.
func (g Graph) ForAnyTarget() bool {
	return !g.Sparse && !slices.ContainsFunc(g.Packages, func(p Package) bool {
		return !p.Dev && (p.HasPlatform() || p.InNodeModules() && p.HasInstallScript)
	})
}
