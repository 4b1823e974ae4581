package deps_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// example is a project with a workspace, an alias, a cycle and a dev dependency.
func example() ([]deps.Importer, []deps.Stored) {
	stored := func(key string, needs map[string]deps.Need) deps.Stored {
		name, version, _ := strings.Cut(key, "@")
		return deps.Stored{Key: key, Folder: key, Package: deps.Package{Name: name, Version: version}, Needs: needs}
	}
	return []deps.Importer{
			{Package: deps.Package{Path: "", Name: "root"}, Needs: map[string]deps.Need{
				"lib":  {Folder: "packages/lib", IsFolder: true},
				"tool": {Kind: deps.Dev, Range: "^1.0.0", Key: "tool@1.0.0"},
			}},
			{Package: deps.Package{Path: "packages/lib", Name: "lib"}, Needs: map[string]deps.Need{
				"alias": {Range: "npm:a@^1.0.0", Key: "a@1.0.0"},
				"peer":  {Kind: deps.Peer, Range: "*"},
			}},
		}, []deps.Stored{
			stored("a@1.0.0", map[string]deps.Need{"b": {Range: "2", Key: "b@2.0.0"}, "fast": {Kind: deps.Optional, Range: "1", Key: "fast@1.0.0"}}),
			stored("b@2.0.0", map[string]deps.Need{"a": {Range: "1", Key: "a@1.0.0"}}),
			stored("fast@1.0.0", nil),
			stored("tool@1.0.0", map[string]deps.Need{"fast": {Range: "1", Key: "fast@1.0.0"}, "shared": {Range: "1", Key: "shared@1.0.0"}}),
			stored("shared@1.0.0", nil),
		}
}

func TestStoreHasFoldersAndLinks(t *testing.T) {
	importers, packages := example()
	g, err := deps.Store(".store", importers, packages)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range g.Packages {
		line := p.Path
		if p.Link {
			line += " -> " + p.To
		}
		got = append(got, line)
	}
	const at = "node_modules/.store/"
	want := []string{
		at + "a@1.0.0/node_modules/a",
		at + "a@1.0.0/node_modules/b -> " + at + "b@2.0.0/node_modules/b",
		at + "a@1.0.0/node_modules/fast -> " + at + "fast@1.0.0/node_modules/fast",
		at + "b@2.0.0/node_modules/a -> " + at + "a@1.0.0/node_modules/a",
		at + "b@2.0.0/node_modules/b",
		at + "fast@1.0.0/node_modules/fast",
		at + "shared@1.0.0/node_modules/shared",
		at + "tool@1.0.0/node_modules/fast -> " + at + "fast@1.0.0/node_modules/fast",
		at + "tool@1.0.0/node_modules/shared -> " + at + "shared@1.0.0/node_modules/shared",
		at + "tool@1.0.0/node_modules/tool",
		"node_modules/lib -> packages/lib",
		"node_modules/tool -> " + at + "tool@1.0.0/node_modules/tool",
		"packages/lib",
		"packages/lib/node_modules/alias -> " + at + "a@1.0.0/node_modules/a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if links := g.Links(); !slices.Equal(links, []string{"packages/lib"}) {
		t.Errorf("the folders are %v, want packages/lib alone", links)
	}
}

func TestStoreMarksWhatIsNeededForDevelopmentOrOptionally(t *testing.T) {
	importers, packages := example()
	g, err := deps.Store(".store", importers, packages)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range g.Packages {
		if p.Link || !p.InNodeModules() {
			continue
		}
		for flag, set := range map[string]bool{"dev": p.Dev, "optional": p.Optional, "devOptional": p.DevOptional} {
			if set {
				got[p.Name] += flag
			}
		}
	}
	// fast is reached without devDependencies, and without optional ones, but not without both.
	want := map[string]string{"tool": "dev", "shared": "dev", "fast": "devOptional"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAStoreHasAClosure(t *testing.T) {
	importers, packages := example()
	g, err := deps.Store(".store", importers, packages)
	if err != nil {
		t.Fatal(err)
	}
	g.Version = 9
	closure, found := g.Closure("packages/lib", false)
	if !found || !slices.Equal(closure.Folders, []string{"packages/lib"}) {
		t.Fatalf("found %v, folders %v", found, closure.Folders)
	}
	var names []string
	for p := range closure.Packages {
		if one, _ := g.Package(p); !one.Link && one.InNodeModules() {
			names = append(names, one.Name)
		}
	}
	slices.Sort(names)
	if want := []string{"a", "b", "fast"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestStoreRefusesANeedWithoutItsPackage(t *testing.T) {
	importers, packages := example()
	packages = slices.DeleteFunc(packages, func(p deps.Stored) bool { return p.Key == "b@2.0.0" })
	_, err := deps.Store(".store", importers, packages)
	const want = `a@1.0.0 needs b as "b@2.0.0", and there is no entry for it`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFoldersOfAStore(t *testing.T) {
	importers, packages := example()
	importers = append(importers, deps.Importer{Package: deps.Package{Path: "packages/alone"}})
	g, err := deps.Store(".store", importers, packages)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := g.Folders(), []string{"packages/alone", "packages/lib"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for path, want := range map[string]string{"node_modules/.store/a@1.0.0/node_modules/a": "node_modules/.store/a@1.0.0", "packages/lib": "", "node_modules/tool": ""} {
		p, found := g.Package(path)
		if got := g.StoreFolder(p); got != want || !found {
			t.Errorf("%s: got %q, %v, want %q", path, got, found, want)
		}
	}
	if got := (deps.Graph{}).StoreFolder(deps.Package{Path: "node_modules/a"}); got != "" {
		t.Errorf("without a store: got %q", got)
	}
}
