package yarn

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// store is the folder of the pnpm linker in node_modules: STORE/ID/package has a
// package, and STORE/ID/node_modules links to its dependencies.
const store = "node_modules/.store"

// scan returns what is installed in a project's folder, with any linker but
// Plug'n'Play.
func scan(dir string) (installscripts.Tree, error) {
	installed, err := installscripts.Scan(dir)
	if err != nil {
		return installed, err
	}
	entries, _ := os.ReadDir(filepath.Join(dir, store)) // other linkers have none
	if len(entries) == 0 {
		return installed, nil
	}
	graph := installed.Graph()
	for _, entry := range entries {
		graph.Packages = append(graph.Packages, stored(dir, entry.Name())...)
	}
	slices.SortFunc(graph.Packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
	graph.Packages = slices.CompactFunc(graph.Packages, func(a, b deps.Package) bool { return a.Path == b.Path })
	return installscripts.FromGraph(dir, graph)
}

// stored returns a package of the store, and the links to its dependencies.
func stored(dir, id string) (all []deps.Package) {
	place := path.Join(store, id, "package")
	text, err := os.ReadFile(filepath.Join(dir, place, "package.json"))
	var fields struct {
		Name, Version string
		OS, CPU, Libc any
		Dependencies  map[string]string
		Optional      map[string]string `json:"optionalDependencies"`
	}
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	all = append(all, deps.Package{
		Path: place, Name: fields.Name, Version: fields.Version, OS: words(fields.OS), CPU: words(fields.CPU), Libc: words(fields.Libc),
		Dependencies: fields.Dependencies, OptionalDeps: fields.Optional, HasInstallScript: true,
	})
	for _, pattern := range []string{"*", "@*/*"} {
		links, _ := filepath.Glob(filepath.Join(dir, store, id, "node_modules", pattern))
		for _, link := range links {
			target, err := os.Readlink(link)
			to, relErr := filepath.Rel(dir, filepath.Join(filepath.Dir(link), target))
			from, _ := filepath.Rel(dir, link)
			if err == nil && relErr == nil {
				name := strings.TrimPrefix(filepath.ToSlash(from), path.Join(store, id, "node_modules")+"/")
				all = append(all, deps.Package{Path: filepath.ToSlash(from), Name: name, Link: true, To: filepath.ToSlash(to)})
			}
		}
	}
	return all
}
