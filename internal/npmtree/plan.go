package npmtree

import (
	"path"
	"slices"
	"strings"
)

// Tree is what npm installs.
type Tree struct {
	Packages []Package // to unpack, a package before those in its node_modules
	Links    []Link    // symbolic links to the project's folders
	Programs []Program // in the order in which npm links them
	Folders  []string  // that npm leaves behind empty
	Cleared  []string  // folders node_modules of the project, whose content npm removes first

	// OnlyRegistry: npm installs no package whose address is outside of its registry.
	OnlyRegistry bool

	tree    *tree
	options Options
}

// Record returns the content of npm's record, node_modules/.package-lock.json, when
// the packages are there: of packages in the archives of others it has what their
// package.json says. It is nil if there is no package.
func (t Tree) Record() ([]byte, error) {
	if len(t.tree.nodes) == 1 {
		return nil, nil
	}
	return t.tree.record(t.options)
}

// Package is an archive to unpack.
type Package struct {
	Place     string    // its folder, relative to the project
	Name      string    // in the registry
	Version   string    // may be empty for a file
	Address   string    // where the lockfile says it is; may be empty
	File      string    // its archive in the project, relative; empty for one from a registry
	Integrity string    // subresource integrity
	Programs  []string  // paths of its programs in its folder
	Bundled   []Bundled // packages that its archive must contain
}

// Folder is the package's name in its folder, which an alias has of its own.
func (p Package) Folder() string { return nameOf(p.Place) }

// Bundled is a package in the archive of another.
type Bundled struct{ Place, Name, Version string }

// Link is a symbolic link, relative to the project.
type Link struct{ Place, To string }

// Program is a link in .bin to a program, which is made executable.
type Program struct {
	Link   string // its place
	Target string // of the program, relative to the project
	Remove bool   // npm removes the link in the end
}

// Plan works out what npm installs for the project in a folder. What only npm can
// install is a [Handover].
func Plan(dir string, o Options) (Tree, error) {
	if err := o.check(); err != nil {
		return Tree{}, err
	}
	t, err := read(dir, o)
	if err != nil {
		return Tree{}, err
	}
	t.connect(o)
	for _, step := range []func() error{
		func() error { return t.checkRoot(o) },
		t.checkWorkspaces,
		func() error { return t.check(o) },
		t.findBundles,
		func() error { return t.calculateFlags(o) },
		func() error { return t.findWanted(o) },
		func() error { return t.leaveOut(o) },
		func() error { return t.selectWanted(o) },
	} {
		if err := step(); err != nil {
			return Tree{}, err
		}
	}
	return t.plan(o)
}

// findBundles finds out which packages are in the archive of another.
func (t *tree) findBundles() error {
	some := slices.ContainsFunc(t.nodes, func(n *node) bool { return len(bundled(n.entry)) > 0 })
	for _, n := range t.nodes[1:] {
		if some {
			n.inBundle = n.bundler(map[*node]bool{})
		}
		if !n.link && (n.inBundle != nil) != n.entry.is("inBundle") {
			return handover("the lockfile is not clear about whether %s is in the archive of another package", n.place)
		}
		if n.inBundle != nil && n.link {
			return handover("%s is a link in the archive of another package", n.place)
		}
	}
	return nil
}

func (t *tree) plan(o Options) (Tree, error) {
	var all Tree
	for _, n := range t.nodes[1:] {
		switch {
		case n.isTooDeep():
		case n.isLeftOut():
			if o.removesLater() && !n.parent.isLeftOut() {
				all.Folders = append(all.Folders, path.Dir(n.place))
			}
		case n.link && !n.target.isWorkspace && o.copiesFolders():
			return Tree{}, handover("npm %s may copy %s instead of linking it", o.NPM, n.target.place)
		case n.link:
			all.Links = append(all.Links, Link{Place: n.place, To: n.target.place})
		case n.isTop(), n.inBundle != nil && n.inBundle != t.root:
		default:
			p, err := t.pack(n)
			if err != nil {
				return Tree{}, err
			}
			all.Packages = append(all.Packages, p)
		}
	}
	slices.SortStableFunc(all.Packages, func(a, b Package) int {
		return strings.Count(a.Place, "/node_modules/") - strings.Count(b.Place, "/node_modules/")
	})
	all.Programs = t.programs(o)
	all.Cleared = []string{"node_modules"}
	for _, n := range t.nodes {
		if n.isWorkspace {
			all.Cleared = append(all.Cleared, path.Join(n.place, "node_modules"))
		}
	}
	all.tree, all.options, all.OnlyRegistry = t, o, o.refusesAddresses()
	return all, nil
}

// pack returns a package to unpack.
func (t *tree) pack(n *node) (Package, error) {
	switch {
	case n.entry.is("hasShrinkwrap"):
		return Package{}, handover("%s has a shrinkwrap of its own", n.place)
	case n.integrity == "":
		return Package{}, handover("the lockfile has no integrity for %s", n.place)
	case strings.HasPrefix(n.resolved, "file:") && n.localFile() == "":
		return Package{}, handover("%s is from %s", n.place, n.resolved)
	case n.resolved != "" && !isAddress(n.resolved) && n.localFile() == "":
		return Package{}, handover("%s is from %s", n.place, n.resolved)
	}
	p := Package{Place: n.place, Name: n.entry.text("name"), Version: n.entry.text("version"), Address: n.resolved, File: n.localFile(),
		Integrity: n.integrity}
	if p.Name == "" {
		p.Name = n.name
	}
	if p.Version == "" && n.resolved == "" {
		return Package{}, handover("the lockfile has no version for %s", n.place)
	}
	programs := n.entry.object("bin")
	for _, name := range programs.keys {
		p.Programs = append(p.Programs, programs.text(name))
	}
	if len(bundled(n.entry)) == 0 {
		return p, nil
	}
	for _, other := range t.nodes {
		if other.inBundle == n {
			b := Bundled{Place: other.place, Name: other.entry.text("name"), Version: other.entry.text("version")}
			if b.Name == "" {
				b.Name = other.name
			}
			p.Bundled = append(p.Bundled, b)
		}
	}
	return p, nil
}
