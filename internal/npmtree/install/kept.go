package install

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/executable"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/unpack"
)

// Kept is the tree of an earlier install, from which [Into] takes the packages that
// are still as it unpacked them. What was done to the tree in between does no harm,
// as long as nobody could write the note.
type Kept struct {
	Before  string // the folder with the project's node_modules of then; empty for none
	Project string // the project's folder, as the path to which a rename leads from Before
	Note    []byte // what Into noted then
	Next    []byte // what it notes for the next install
	Taken   int    // how many packages it took from Before
}

// noteFormat changes with what is noted, or with how packages are unpacked.
const noteFormat = 1

// note is what an install has unpacked.
type note struct {
	Format   int              `json:"format"`
	Packages map[string]noted `json:"packages"` // by place
}

// noted is a package.
type noted struct {
	Key string `json:"key"` // see keyOf
	unpack.Content
}

// keyOf says what a package's content depends on.
func keyOf(p npmtree.Package) string {
	return strings.Join(append([]string{p.Integrity}, programsOf(p)...), "\n")
}

// programsOf returns the programs that become executable while they are unpacked:
// npm knows them then only if the lockfile has no address.
func programsOf(p npmtree.Package) []string {
	if p.Address != "" {
		return nil
	}
	return slices.Sorted(slices.Values(p.Programs))
}

// assign chooses for every package the place of one with the same content in the
// tree of before: the same place, or one that no other package takes.
func (i *installer) assign() error {
	i.taken, i.notes = map[string]string{}, map[string]noted{}
	if i.kept == nil || i.kept.Before == "" {
		return nil
	}
	var earlier note
	if json.Unmarshal(i.kept.Note, &earlier) != nil || earlier.Format != noteFormat {
		return nil
	}
	var err error
	if i.umask, err = executable.Umask(); err != nil {
		return err
	}
	i.earlier = earlier.Packages
	free := map[string][]string{}
	stays := map[string]bool{}
	for _, p := range i.tree.Packages {
		if i.earlier[p.Place].Key == keyOf(p) {
			i.taken[p.Place], stays[p.Place] = p.Place, true
		}
	}
	for _, place := range slices.Sorted(maps.Keys(i.earlier)) {
		if key := i.earlier[place].Key; !stays[place] {
			free[key] = append(free[key], place)
		}
	}
	for _, p := range i.tree.Packages {
		if places := free[keyOf(p)]; !stays[p.Place] && len(places) > 0 {
			i.taken[p.Place], free[keyOf(p)] = places[0], places[1:]
		}
	}
	return nil
}

// take moves a package's files from the tree of before, if they are as they were
// unpacked. Done is false if not; then the package has no files.
func (i *installer) take(p npmtree.Package) (done bool, err error) {
	before, ok := i.taken[p.Place]
	if !ok || !filepath.IsLocal(before) || len(p.Bundled) > 0 {
		return false, nil
	}
	for place := before; place != "."; place = path.Dir(place) {
		if info, err := os.Lstat(filepath.Join(i.kept.Before, place)); err != nil || !info.IsDir() {
			return false, nil
		}
	}
	from, one := filepath.Join(i.kept.Before, before), i.earlier[before]
	if same, err := one.Restore(from, i.umask); err != nil || !same {
		return false, nil // whatever it is, it is unpacked
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if entry.Name() == "node_modules" {
			continue
		}
		if err := os.Rename(filepath.Join(from, entry.Name()), filepath.Join(i.kept.Project, p.Place, entry.Name())); err != nil {
			return false, fmt.Errorf("moving %s: %w", before, err)
		}
	}
	i.remember(p, one.Content)
	i.lock.Lock()
	defer i.lock.Unlock()
	i.kept.Taken++
	return true, nil
}

// remember notes what a package's content is.
func (i *installer) remember(p npmtree.Package, content unpack.Content) {
	if i.kept == nil || len(p.Bundled) > 0 {
		return
	}
	i.lock.Lock()
	defer i.lock.Unlock()
	i.notes[p.Place] = noted{Key: keyOf(p), Content: content}
}

// writeNote notes what was installed.
func (i *installer) writeNote() (err error) {
	if i.kept != nil {
		i.kept.Next, err = json.Marshal(note{Format: noteFormat, Packages: i.notes})
	}
	return err
}
