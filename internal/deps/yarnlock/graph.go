package yarnlock

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// storeDir is the folder of the virtual store in the graph: Yarn's lockfile does not
// say in which folder a package is installed.
const storeDir = ".store"

// Missing is a dependency of a package.json that the lockfile has no package for.
type Missing struct{ Folder, Name, Range string }

// String describes it for a list.
func (m Missing) String() string {
	if m.Folder == "" {
		return fmt.Sprintf("%s@%s", m.Name, m.Range)
	}
	return fmt.Sprintf("%s@%s of %s", m.Name, m.Range, m.Folder)
}

// Graph returns the packages that the package.json files in dir and in its
// workspaces need, in a virtual store. Workspaces are folders below dir, with
// slashes; those in a lockfile of Yarn 2 and later are added. Missing are the
// dependencies of these package.json files that the lockfile does not have.
func (l Lock) Graph(dir string, workspaces []string) (graph deps.Graph, missing []Missing, err error) {
	b := builder{lock: l, dir: dir, stored: map[string]deps.Stored{}, folders: map[string]bool{}, names: map[string]string{}}
	for _, entry := range l.Entries {
		if folder, ok := entry.Workspace(); ok {
			workspaces = append(workspaces, folder)
		}
	}
	b.addImporters(workspaces)
	graph, err = deps.Store(storeDir, b.importers, slices.Collect(maps.Values(b.stored)))
	if err != nil {
		return deps.Graph{}, nil, err
	}
	graph.File, graph.Version, graph.Virtual, graph.StoreDir = FileName, l.Version, true, ""
	b.linkWorkspaces(&graph)
	return graph, b.missing, nil
}

// builder collects what the importers need.
type builder struct {
	lock        Lock
	dir         string
	resolutions map[string]string // of the root's package.json
	importers   []deps.Importer
	folders     map[string]bool   // of the importers
	names       map[string]string // of workspaces → their folders
	stored      map[string]deps.Stored
	taken       map[string]bool // folders in the store
	missing     []Missing
}

// manifest is an importer's package.json. Without one, as in an upload that leaves
// folders out, entry says what it needs.
type manifest struct {
	folder string
	pkg    packagejson.Package
	exists bool
}

func (b *builder) addImporters(workspaces []string) {
	var all []manifest
	for _, folder := range append([]string{"."}, workspaces...) {
		folder = strings.TrimPrefix(path.Clean(folder), ".")
		if b.folders[folder] || strings.HasPrefix(folder, "/") || strings.HasPrefix(folder, ".") {
			continue
		}
		b.folders[folder] = true
		one := manifest{folder: folder}
		pkg, err := packagejson.Read(filepath.Join(b.dir, folder))
		if err == nil {
			one.pkg, one.exists = pkg, true
			if pkg.Name != "" {
				b.names[pkg.Name] = folder
			}
		}
		all = append(all, one)
	}
	if fields, err := packagejson.ReadFields(b.dir); err == nil {
		b.resolutions = texts(fields["resolutions"])
	}
	for _, one := range all {
		b.addImporter(one)
	}
}

// texts returns the strings of an object of JSON.
func texts(object any) map[string]string {
	all := map[string]string{}
	fields, _ := object.(map[string]any)
	for name, value := range fields {
		if text, ok := value.(string); ok {
			all[name] = text
		}
	}
	return all
}

func (b *builder) addImporter(m manifest) {
	needs := map[string]deps.Need{}
	locked, _ := b.lock.workspace(m.folder)
	add := func(ranges map[string]string, kind deps.NeedKind) {
		for _, name := range slices.Sorted(maps.Keys(ranges)) {
			if earlier, done := needs[name]; done && (kind != deps.Optional || earlier.Kind == deps.Dev) {
				continue
			}
			need, ok := b.need(name, ranges[name], kind)
			needs[name] = need
			if same := locked.Dependencies[name]; !ok && same != ranges[name] && same != "npm:"+ranges[name] {
				b.missing = append(b.missing, Missing{m.folder, name, ranges[name]})
			}
		}
	}
	if m.exists {
		add(m.pkg.Dependencies, deps.Required)
		add(m.pkg.DevDependencies, deps.Dev)
		add(m.pkg.OptionalDependencies, deps.Optional)
	} else {
		add(locked.Dependencies, deps.Required)
	}
	name := m.pkg.Name
	if name == "" {
		name = path.Base(m.folder)
	}
	b.importers = append(b.importers, deps.Importer{Package: deps.Package{Path: m.folder, Name: name, Version: m.pkg.Version}, Needs: needs})
}

// workspace returns the entry of a workspace, "" for the root.
func (l Lock) workspace(folder string) (Entry, bool) {
	for _, entry := range l.Entries {
		if at, ok := entry.Workspace(); ok && path.Clean(at) == path.Clean("./"+folder) {
			return entry, true
		}
	}
	return Entry{}, false
}

// need finds what satisfies a range. Ok is false if the lockfile does not have the
// range; then the only package with the name, if any, is taken.
func (b *builder) need(name, wanted string, kind deps.NeedKind) (need deps.Need, ok bool) {
	need = deps.Need{Kind: kind, Range: wanted}
	entry, ok := b.lock.Find(name, wanted)
	if !ok {
		if folder, is := b.names[name]; is {
			need.Folder, need.IsFolder = folder, true
			return need, true
		}
		if entry, ok = b.resolved(name); !ok {
			var only bool
			if entry, only = b.lock.named(name); !only {
				return need, false
			}
		}
	}
	if folder, is := entry.Workspace(); is {
		need.Folder, need.IsFolder = strings.TrimPrefix(path.Clean(folder), "."), true
		return need, ok
	}
	if folder, is := entry.linked(); is {
		need.Folder, need.IsFolder = b.addLinked(folder, entry), true
		return need, ok
	}
	need.Key = b.store(entry)
	return need, ok
}

// resolved returns the entry that the field resolutions of package.json puts in the
// place of other ranges.
func (b *builder) resolved(name string) (Entry, bool) {
	for _, pattern := range slices.Sorted(maps.Keys(b.resolutions)) {
		bare, _ := splitDescriptor(pattern)
		if bare != name && !strings.HasSuffix(bare, "/"+name) {
			continue
		}
		if entry, found := b.lock.Find(name, b.resolutions[pattern]); found {
			return entry, true
		}
	}
	return Entry{}, false
}

// linked returns the folder that a dependency with link: or portal: is a link to. It
// is relative to the workspace that the descriptor names, or else to the root.
func (e Entry) linked() (folder string, ok bool) {
	descriptor, binding, _ := strings.Cut(e.Descriptors[0], "::")
	_, wanted := splitDescriptor(descriptor)
	for _, protocol := range []string{"link:", "portal:"} {
		if folder, ok = strings.CutPrefix(wanted, protocol); !ok {
			continue
		}
		parameters, err := url.ParseQuery(binding)
		_, from := splitDescriptor(parameters.Get("locator"))
		if workspace, bound := strings.CutPrefix(from, "workspace:"); err == nil && bound && !path.IsAbs(folder) {
			folder = path.Join(workspace, folder)
		}
		return folder, true
	}
	return "", false
}

// addLinked adds a linked folder that is no workspace. Yarn installs the
// dependencies of one with portal:.
func (b *builder) addLinked(folder string, entry Entry) string {
	folder = path.Clean(folder)
	if b.folders[folder] {
		return folder
	}
	b.folders[folder] = true
	at := len(b.importers)
	b.importers = append(b.importers, deps.Importer{Package: deps.Package{Path: folder, Name: entry.Name}})
	needs := b.needsOf(entry)
	b.importers[at].Needs = needs
	return folder
}

// store adds a package with all that it needs, and returns its key.
func (b *builder) store(entry Entry) string {
	key := entry.Descriptors[0]
	if _, done := b.stored[key]; done {
		return key
	}
	one := deps.Stored{Key: key, Folder: b.folderFor(entry), Package: entry.pkg()}
	b.stored[key] = one // before its dependencies, which may be in a circle
	one.Needs = b.needsOf(entry)
	b.stored[key] = one
	return key
}

func (b *builder) needsOf(entry Entry) map[string]deps.Need {
	needs := map[string]deps.Need{}
	for _, name := range slices.Sorted(maps.Keys(entry.Dependencies)) {
		kind := deps.Required
		if entry.Optional[name] {
			kind = deps.Optional
		}
		needs[name], _ = b.need(name, entry.Dependencies[name], kind)
	}
	return needs
}

// folderFor returns a name in the store that no other package has.
func (b *builder) folderFor(entry Entry) string {
	if b.taken == nil {
		b.taken = map[string]bool{}
	}
	name := strings.ReplaceAll(entry.Name, "/", "+") + "@" + strings.ReplaceAll(entry.Version, "/", "+")
	for number := 2; b.taken[name]; number++ {
		name = fmt.Sprintf("%s@%s_%d", strings.ReplaceAll(entry.Name, "/", "+"), strings.ReplaceAll(entry.Version, "/", "+"), number)
	}
	b.taken[name] = true
	return name
}

// linkWorkspaces adds the links in the root's node_modules that every workspace has.
func (b *builder) linkWorkspaces(g *deps.Graph) {
	for _, name := range slices.Sorted(maps.Keys(b.names)) {
		link := deps.Package{Path: path.Join("node_modules", name), Name: name, Link: true, To: b.names[name]}
		if _, taken := g.Package(link.Path); !taken && link.To != "" {
			g.Packages = append(g.Packages, link)
			slices.SortFunc(g.Packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
		}
	}
}
