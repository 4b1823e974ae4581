package npmtree

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// tree is the content of a lockfile, with the project's own package.json files.
type tree struct {
	dir    string // the project's, absolute
	lock   *object
	root   *node
	nodes  []*node          // all, the root first, links last
	places map[string]*node // by place

	filter   *filter // of what is installed; nil for everything
	recorded []*node // what npm records, if it is not what it installs; the root first
}

// RecordFile is the name of npm's record of what is installed, in node_modules.
const RecordFile = ".package-lock.json"

// read reads the project's lockfile and package.json files.
func read(dir string, o Options) (*tree, error) {
	lock, err := readLock(dir, o)
	if err != nil {
		return nil, err
	}
	manifest, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	t := &tree{dir: dir, lock: lock, places: map[string]*node{}}
	t.root = &node{name: nameOf(filepath.ToSlash(dir)), entry: manifest, children: map[string]*node{}}
	t.add(t.root)
	packages := lock.object("packages")
	for _, links := range []bool{false, true} {
		for _, place := range packages.keys {
			entry := packages.object(place)
			if place == "" || entry.is("link") != links {
				continue
			}
			if err := t.addEntry(place, entry); err != nil {
				return nil, err
			}
		}
	}
	if err := t.place(); err != nil {
		return nil, err
	}
	return t, t.readFolders()
}

// readLock reads the lockfile that npm reads.
func readLock(dir string, o Options) (*object, error) {
	for _, name := range []string{npmlock.Shrinkwrap, npmlock.PackageLock} {
		text, err := regular.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) || name == npmlock.Shrinkwrap && !o.readsShrinkwrap() {
			continue
		}
		if err != nil {
			return nil, handover("%s cannot be read: %s", name, err)
		}
		lock, err := parseText(text)
		if err != nil {
			return nil, handover("%s: %s", name, err)
		}
		version, _ := lock.values["lockfileVersion"].(fmt.Stringer)
		if version == nil || version.String() != "2" && version.String() != "3" {
			return nil, handover("%s has another lockfileVersion than 2 and 3", name)
		}
		if _, ok := lock.values["packages"].(*object); !ok {
			return nil, handover("%s has no packages", name)
		}
		return lock, nil
	}
	return nil, handover("there is no lockfile")
}

// parseText decodes the text of a file as npm does.
func parseText(text []byte) (*object, error) {
	if textfile.IsUTF16(text) {
		return nil, errors.New("the text is UTF-16")
	}
	text, err := textfile.Decode(text)
	if err != nil {
		return nil, err
	}
	return parseJSON(text)
}

// readManifest reads and normalizes the package.json in a folder.
func readManifest(dir string) (*object, error) {
	text, err := regular.ReadFile(filepath.Join(dir, packagejson.FileName))
	if err != nil {
		return nil, handover("%s cannot be read", packagejson.FileName)
	}
	manifest, err := parseText(text)
	if err != nil {
		return nil, handover("%s: %s", packagejson.FileName, err)
	}
	return normalize(manifest)
}

// Of the names of packages, this package knows only these: others could lead out of
// node_modules, or sort otherwise in another locale.
var (
	validName  = regexp.MustCompile(`^(@[A-Za-z0-9~_-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*$`)
	validPlace = regexp.MustCompile(`^[A-Za-z0-9._~@ /-]+$`)
)

// addEntry adds an entry of the lockfile.
func (t *tree) addEntry(place string, entry *object) error {
	if !validPlace.MatchString(place) || path.Clean(place) != place || place[0] == '/' || strings.HasPrefix(place, "..") {
		return handover("the lockfile has a package at %q", place)
	}
	n := &node{
		place: place, name: nameOf(place), entry: entry, link: entry.is("link"),
		resolved: entry.text("resolved"), integrity: entry.text("integrity"),
		children: map[string]*node{},
	}
	if !n.link {
		if err := isNormal(entry); err != nil {
			return handover("%s: %s", place, err)
		}
		t.add(n)
		return nil
	}
	to := path.Clean(n.resolved)
	n.target = t.places[to]
	if n.target == nil || n.target.link {
		return handover("%s is a link to %s, which the lockfile does not have", place, n.resolved)
	}
	n.entry = n.target.entry
	t.add(n)
	return nil
}

func (t *tree) add(n *node) {
	t.nodes = append(t.nodes, n)
	t.places[n.place] = n
}

// place gives every node its parent, or the folder around it.
func (t *tree) place() error {
	links := map[*node]bool{}
	for _, n := range t.nodes {
		links[n.target] = true
	}
	for _, n := range t.nodes[1:] {
		holder := t.holder(n.place)
		switch {
		case n.place == path.Join(holder.place, "node_modules", n.name) && validName.MatchString(n.name):
			n.parent = holder
			for name := range holder.children {
				if strings.EqualFold(name, n.name) {
					return handover("%s and %s differ only in case", path.Join(holder.place, "node_modules", name), n.place)
				}
			}
			holder.children[n.name] = n
		case strings.Contains("/"+n.place+"/", "/node_modules/"):
			return handover("the lockfile has a package at %q", n.place)
		case n.link || !links[n]:
			return handover("the lockfile has %s, and no link to it", n.place)
		default:
			n.around = holder
		}
	}
	return nil
}

// holder returns the node in the next folder above a place.
func (t *tree) holder(place string) *node {
	for {
		if place = path.Dir(place); place == "." {
			return t.root
		}
		if n := t.places[place]; n != nil && !n.link {
			return n
		}
	}
}

// readFolders replaces the entries of the project's folders with their
// package.json.
func (t *tree) readFolders() error {
	for _, n := range t.nodes {
		if !n.link || !n.target.isTop() || n.target == t.root {
			continue
		}
		manifest, err := readManifest(filepath.Join(t.dir, n.target.place))
		if err != nil {
			return handover("%s: %s", n.target.place, err)
		}
		if !sameDependencies(manifest, n.target.entry) {
			return handover("%s does not fit the lockfile", path.Join(n.target.place, packagejson.FileName))
		}
		n.target.entry, n.entry = manifest, manifest
	}
	return nil
}
