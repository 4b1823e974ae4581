package deps

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Stored is a package in a lockfile that records no folders, such as yarn.lock or
// pnpm-lock.yaml.
type Stored struct {
	Key     string  // unique in the lockfile: "react-dom@18.2.0(react@18.2.0)"
	Folder  string  // its folder in the virtual store, unique: "react-dom@18.2.0_react@18.2.0"
	Package Package // without Path, dependencies, Dev, Optional and DevOptional
	Needs   map[string]Need
}

// Importer is a folder of the project with a package.json.
type Importer struct {
	Package Package // Path is the folder with slashes, "" for the project itself; without dependencies
	Needs   map[string]Need
}

// Need is a dependency, by the name under which Node.js loads it. Key and Folder are
// empty if the lockfile has no package for it, as for an optional peer.
type Need struct {
	Kind     NeedKind
	Range    string // "^1.2.0"
	Key      string // the [Stored] package that satisfies it
	Folder   string // or the folder of an importer
	IsFolder bool   // Folder is set; it is "" for the project itself
}

// NeedKind is the kind of a dependency.
type NeedKind int

// The kinds of dependencies. Peers are required.
const (
	Required NeedKind = iota
	Optional
	Dev // only of importers
	Peer
)

// Store returns the graph of a virtual store: every package has a folder
// "node_modules/DIR/FOLDER/node_modules/NAME" with links to its dependencies beside
// it, and every importer has links to its own. A need without its package is an
// error, with the names of both.
func Store(dir string, importers []Importer, packages []Stored) (Graph, error) {
	s := store{dir: dir, packages: map[string]Stored{}, importers: map[string]Importer{}}
	for _, p := range packages {
		p.Package.Path = s.path(p)
		s.packages[p.Key] = p
	}
	for _, one := range importers {
		s.importers[one.Package.Path] = one
	}
	if err := s.check(); err != nil {
		return Graph{}, err
	}
	s.mark()
	return s.graph(), nil
}

type store struct {
	dir       string
	packages  map[string]Stored
	importers map[string]Importer
	without   [4]map[string]bool // keys that are reached without devDependencies (bit 0) and optional ones (bit 1)
}

func (s *store) path(p Stored) string {
	return path.Join(modulesDir, s.dir, p.Folder, modulesDir, p.Package.Name)
}

func (s *store) check() error {
	for _, folder := range slices.Sorted(maps.Keys(s.importers)) {
		if err := s.checkNeeds(folderName(folder), s.importers[folder].Needs); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.packages)) {
		if err := s.checkNeeds(key, s.packages[key].Needs); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) checkNeeds(by string, needs map[string]Need) error {
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		n := needs[name]
		_, hasPackage := s.packages[n.Key]
		_, hasFolder := s.importers[n.Folder]
		if n.Key != "" && !hasPackage || n.IsFolder && !hasFolder {
			return fmt.Errorf("%s needs %s as %q, and there is no entry for it", by, name, n.Key+n.Folder)
		}
	}
	return nil
}

// mark finds what is reached with and without the two kinds of dependencies.
func (s *store) mark() {
	for mask := range s.without {
		s.without[mask] = map[string]bool{}
		for _, one := range s.importers {
			s.reach(mask, one.Needs)
		}
	}
}

func (s *store) reach(mask int, needs map[string]Need) {
	for _, n := range needs {
		leaveOut := n.Kind == Dev && mask&1 != 0 || n.Kind == Optional && mask&2 != 0
		if n.Key == "" || leaveOut || s.without[mask][n.Key] {
			continue
		}
		s.without[mask][n.Key] = true
		s.reach(mask, s.packages[n.Key].Needs)
	}
}

func (s *store) graph() Graph {
	g := Graph{StoreDir: path.Join(modulesDir, s.dir)}
	for folder, one := range s.importers {
		p := withNeeds(one.Package, one.Needs)
		if folder == "" {
			g.Root = p
		} else {
			g.Packages = append(g.Packages, p)
		}
		g.Packages = append(g.Packages, s.links(folder, "", one.Needs)...)
	}
	for key, one := range s.packages {
		p := withNeeds(one.Package, one.Needs)
		noDev, noOptional := s.without[1][key], s.without[2][key]
		p.DevOptional = noDev && noOptional && !s.without[3][key]
		p.Dev, p.Optional = !noDev, !noOptional
		g.Packages = append(g.Packages, p)
		g.Packages = append(g.Packages, s.links(path.Join(modulesDir, s.dir, one.Folder), p.Path, one.Needs)...)
	}
	slices.SortFunc(g.Packages, func(a, b Package) int { return strings.Compare(a.Path, b.Path) })
	return g
}

// links returns the links in a folder's node_modules, but none at the path of the
// package itself.
func (s *store) links(folder, self string, needs map[string]Need) (all []Package) {
	for name, n := range needs {
		link := Package{Path: path.Join(folder, modulesDir, name), Name: name, Link: true, To: n.Folder, Dev: n.Kind == Dev, Optional: n.Kind == Optional}
		if n.Key != "" {
			link.To = s.packages[n.Key].Package.Path
		}
		if link.Path != self && (n.Key != "" || n.IsFolder) {
			all = append(all, link)
		}
	}
	return all
}

// withNeeds fills in a package's ranges.
func withNeeds(p Package, needs map[string]Need) Package {
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		ranges := map[NeedKind]*map[string]string{Required: &p.Dependencies, Optional: &p.OptionalDeps, Dev: &p.DevDeps, Peer: &p.PeerDeps}[needs[name].Kind]
		if *ranges == nil {
			*ranges = map[string]string{}
		}
		(*ranges)[name] = needs[name].Range
	}
	return p
}

func folderName(folder string) string {
	if folder == "" {
		return "the project"
	}
	return folder
}
