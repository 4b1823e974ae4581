package installscripts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

const modulesDir = "node_modules"

// Tree is what is installed in a project's folder.
type Tree struct {
	Dir      string // the project's, absolute
	Packages []Package
	graph    deps.Graph
}

// Graph returns the packages with the folders in which they are installed, and what
// their package.json files say of them.
func (t Tree) Graph() deps.Graph { return t.graph }

// WithScripts is [Tree.Graph] with the packages marked that have install scripts.
func (t Tree) WithScripts() deps.Graph {
	graph := t.graph
	graph.Packages = slices.Clone(graph.Packages)
	scripted := map[string]bool{}
	for _, one := range t.Packages {
		scripted[one.Path] = one.Command("preinstall")+one.Command("install")+one.Command("postinstall") != ""
	}
	for i := range graph.Packages {
		graph.Packages[i].HasInstallScript = scripted[graph.Packages[i].Path]
	}
	return graph
}

// FromGraph returns the packages of a graph that are on disk. The graph is that of
// the lockfile, or of the manager's record of what it has installed.
func FromGraph(dir string, graph deps.Graph) (Tree, error) {
	graph.Packages = slices.DeleteFunc(slices.Clone(graph.Packages), func(p deps.Package) bool {
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(p.Path)))
		return err != nil
	})
	tree := Tree{Dir: dir, graph: graph}
	root, err := tree.Root()
	if err != nil {
		return Tree{}, fmt.Errorf("reading the project: %w", err)
	}
	tree.graph.Root = root.described() // a record of what is installed does not have it
	seen := map[string]bool{}
	add := func(p deps.Package, link string) error {
		if seen[p.Path] {
			return nil
		}
		seen[p.Path] = true
		return tree.add(p, link)
	}
	for _, p := range graph.Packages {
		var err error
		switch {
		case p.Link && !inModules(p.To):
			to, found := graph.Package(p.To)
			if !found {
				to = deps.Package{Path: p.To}
			}
			err = add(to, p.Path)
		case !p.Link && p.InNodeModules():
			err = add(p, "")
		}
		if err != nil {
			return Tree{}, err
		}
	}
	return tree, nil
}

// Scan returns the packages in the node_modules of a project's folder, of the folders
// that they link to, and of further folders, relative to the project's. It follows no link within node_modules: the folders of
// a virtual store (node_modules/.pnpm, node_modules/.store) are in it.
func Scan(dir string, further ...string) (Tree, error) {
	tree := Tree{Dir: dir, graph: deps.Graph{Version: 1}}
	todo, seen := append([]string{""}, further...), map[string]bool{}
	for _, folder := range todo {
		seen[folder] = true
	}
	for len(todo) > 0 {
		folder := todo[0]
		todo = todo[1:]
		links, err := tree.scan(path.Join(folder, modulesDir))
		if err != nil {
			return Tree{}, fmt.Errorf("looking for installed packages: %w", err)
		}
		for _, link := range links {
			if seen[link] {
				continue
			}
			seen[link] = true
			todo = append(todo, link)
			if err := tree.add(deps.Package{Path: link}, tree.linkTo(link)); err != nil {
				return Tree{}, err
			}
		}
	}
	root, err := tree.Root()
	tree.graph.Root = root.described()
	for i, p := range tree.Packages {
		tree.Packages[i].Package = p.described()
		tree.graph.Packages = append(tree.graph.Packages, tree.Packages[i].Package)
	}
	slices.SortFunc(tree.graph.Packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
	return tree, err
}

// scan adds the packages below a folder of node_modules, and returns the folders
// that links lead to, relative to the project.
func (t *Tree) scan(modules string) (links []string, err error) {
	root := filepath.Join(t.Dir, filepath.FromSlash(modules))
	err = filepath.WalkDir(root, func(place string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(t.Dir, place)
		if err != nil {
			return err
		}
		switch rel = filepath.ToSlash(rel); {
		case entry.IsDir() && entry.Name() != modulesDir && isPackageFolder(path.Dir(rel)):
			return fs.SkipDir
		case !isPackageFolder(rel):
			return nil
		case entry.Type() == fs.ModeSymlink:
			to, ok := t.linked(place)
			if !ok {
				return nil
			}
			t.graph.Packages = append(t.graph.Packages, deps.Package{Path: rel, Name: folderName(rel), Link: true, To: to})
			if !inModules(to) {
				links = append(links, to)
			}
		case entry.IsDir():
			return t.add(deps.Package{Path: rel, Name: folderName(rel)}, "")
		}
		return nil
	})
	return links, err
}

// linked returns the folder that a link leads to, relative to the project; ok is
// false if it is missing, or the project itself.
func (t *Tree) linked(link string) (to string, ok bool) {
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return "", false
	}
	root, err := filepath.EvalSymlinks(t.Dir)
	if err != nil {
		return "", false
	}
	to, err = filepath.Rel(root, target)
	return filepath.ToSlash(to), err == nil && to != "."
}

// linkTo returns the path of the first link to a folder.
func (t *Tree) linkTo(folder string) string {
	for _, one := range t.graph.Packages {
		if one.Link && one.To == folder {
			return one.Path
		}
	}
	return ""
}

// add adds a package, or the folder that a link leads to, if it is there.
func (t *Tree) add(p deps.Package, link string) error {
	one, found, err := read(filepath.Join(t.Dir, filepath.FromSlash(p.Path)), p)
	if err != nil {
		return fmt.Errorf("reading the package %s: %w", p.Path, err)
	}
	if found {
		one.Linked, one.Link = link != "", link
		t.Packages = append(t.Packages, one)
	}
	return nil
}

// Root returns the project itself. Its manifest is empty without a package.json.
func (t Tree) Root() (Package, error) {
	root, _, err := read(t.Dir, t.graph.Root)
	root.Path, root.Dir = "", t.Dir
	return root, err
}

// Modules returns the node_modules folders that have a package, as absolute paths:
// for a linked folder those with links to it.
func (t Tree) Modules(p Package) (all []string) {
	above := func(path, name string) {
		all = append(all, strings.TrimSuffix(filepath.Join(t.Dir, filepath.FromSlash(path)), string(filepath.Separator)+filepath.FromSlash(name)))
	}
	if !p.Linked {
		above(p.Path, p.folderName())
		return all
	}
	for _, one := range t.graph.Packages {
		if one.Link && one.To == p.Path {
			above(one.Path, folderName(one.Path))
		}
	}
	return all
}

// Ranges returns what the dependents of a package want of it: "^1.0.0",
// "npm:other@1".
func (t Tree) Ranges(path string) (all []Range) {
	for _, e := range t.edges() {
		if e.to == path && e.Spec != "" {
			all = append(all, e.Range)
		}
	}
	return all
}

// isPackageFolder reports whether a path ends with a package's folder in
// node_modules: "node_modules/a", "node_modules/@s/a".
func isPackageFolder(place string) bool {
	dir, name := path.Split(place)
	dir = path.Clean(dir)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "@") {
		return false
	}
	if strings.HasPrefix(path.Base(dir), "@") {
		dir = path.Dir(dir)
	}
	return path.Base(dir) == modulesDir
}

// inModules reports whether a path is in a node_modules.
func inModules(place string) bool {
	return deps.Package{Path: place}.InNodeModules()
}
