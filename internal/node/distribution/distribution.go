// Package distribution gets the archives of Node.js releases: out of the
// buildpack's own dependencies folder, from nodejs.org, or from the npm
// registry. Whatever the source, bytes count only when their pinned checksum
// is right.
package distribution

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Variable names the setting that chooses the source.
const Variable = "BP_NODE_SOURCE"

// The sources, and what else BP_NODE_SOURCE may be.
const (
	Auto      = "auto"       // nodejs.org, and npm when that cannot be reached
	NodeJSOrg = "nodejs.org" // nodejs.org, or what mirrors and mappings put in its place
	NPM       = "npm"        // the registry that npm's own configuration names
	Baked     = "buildpack"  // the buildpack's dependencies folder; not a choice, but where a file may have come from
)

// Ids of the failures that [Finder.Find] returns, beside those of package fetch.
const (
	IDRegistryUnknown  = "npm-registry-unknown"
	IDDownloadFailed   = "node-download-failed"  // may pass: the servers cannot be reached
	IDDownloadRefused  = "node-download-refused" // a server answered, but not with the archive
	IDChecksumMismatch = "checksum-mismatch"
	IDMirrorInvalid    = "dependency-mirror-invalid"
	IDMappingInvalid   = "dependency-mapping-invalid"
)

// Need is a release, and whether the npm that it ships is needed too.
type Need struct {
	Release inventory.Release
	NPM     bool
}

// Found is where the archives of a [Need] lie.
type Found struct {
	Need
	Source string // NodeJSOrg, NPM or Baked
	Node   string // path of the gzipped tar archive that holds bin/node
	NPM    string // path of npm's own; empty when the one of Node holds npm, or npm is not needed

	// Unpacked says that the paths are those of folders with what the archives
	// hold, which stay where they are for as long as the build takes.
	Unpacked bool
}

// Finder gets archives. Repair and Log may be left out.
type Finder struct {
	Source string // Auto, NodeJSOrg or NPM
	Baked  string // folder of baked archives, or of folders with their content; need not exist
	Dir    string // existing folder that downloads go to; files that are there already and right are used
	Client *fetch.Client

	Rewrites Rewrites
	Config   *npmrc.Config

	// Repair takes a baked file with a wrong checksum for one that is not
	// there: for whoever fills the folder of baked archives.
	Repair bool

	Log func(format string, arguments ...any) // one line per call, one call at a time; nil for silence

	// Downloaded is called when a file is there, with its bytes and how long it
	// took; several times at once. It may be nil.
	Downloaded func(file fetch.File, bytes int64, took time.Duration)

	logging sync.Mutex // downloads that run side by side log, too
}

// Find gets the archives for all needs from the first source that has them,
// downloading them side by side, and each only once. Errors that an app
// developer can mend are [failure.Failure]s.
func (f *Finder) Find(ctx context.Context, needs ...Need) ([]Found, error) {
	found := make([]Found, len(needs))
	var missing []int
	for i, need := range needs {
		var err error
		if found[i], err = f.baked(need); err != nil {
			return nil, err
		}
		if found[i].Node == "" {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	rest := make([]Need, len(missing))
	for i, at := range missing {
		rest[i] = needs[at]
	}
	downloaded, err := f.download(ctx, rest)
	if ctx.Err() != nil { // whatever the servers seem to have done
		return nil, fmt.Errorf("downloading Node.js: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	for i, at := range missing {
		found[at] = downloaded[i]
	}
	return found, nil
}

// pins are the files that a source has for a need: Node's first, then npm's
// where it is another one. It is empty when the source lacks the release.
func pins(source string, need Need) []inventory.Pin {
	r := need.Release
	switch {
	case source == NodeJSOrg && !r.Archive.IsZero():
		return []inventory.Pin{r.Archive}
	case source == NPM && !r.Package.IsZero() && need.NPM:
		return []inventory.Pin{r.Package, r.NPM}
	case source == NPM && !r.Package.IsZero():
		return []inventory.Pin{r.Package}
	}
	return nil
}

func foundAt(source string, need Need, paths []string) Found {
	f := Found{Need: need, Source: source, Node: paths[0]}
	if len(paths) > 1 {
		f.NPM = paths[1]
	}
	return f
}

// baked looks into the buildpack's dependencies folder, for the pins of
// either source. Nothing there is not an error; a file with a wrong checksum
// is. A folder was checked by whoever unpacked it, as the buildpack's other
// files were by whoever made them.
func (f *Finder) baked(need Need) (Found, error) {
	for _, source := range []string{NodeJSOrg, NPM} {
		var paths []string
		wanted := pins(source, need)
		folders := 0
		for _, pin := range wanted {
			if folder := filepath.Join(f.Baked, pin.Checksum.FolderName()); exists(folder) {
				folders++
				paths = append(paths, folder)
				continue
			}
			path := filepath.Join(f.Baked, pin.Checksum.FileName())
			err := pin.Checksum.Verify(path)
			if errors.Is(err, os.ErrNotExist) || (err != nil && f.Repair) {
				break
			}
			if err != nil {
				return Found{}, asFailure(err)
			}
			paths = append(paths, path)
		}
		if len(wanted) > 0 && len(paths) == len(wanted) {
			found := foundAt(Baked, need, paths)
			found.Unpacked = folders == len(paths)
			return found, nil
		}
	}
	return Found{}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// IsBaked reports whether dir has the archives for a need, of either source. It
// looks at their names only.
func IsBaked(dir string, need Need) bool {
	return slices.ContainsFunc([]string{NodeJSOrg, NPM}, func(source string) bool {
		wanted := pins(source, need)
		missing := func(pin inventory.Pin) bool {
			return !exists(filepath.Join(dir, pin.Checksum.FileName())) && !exists(filepath.Join(dir, pin.Checksum.FolderName()))
		}
		return len(wanted) > 0 && !slices.ContainsFunc(wanted, missing)
	})
}

func (f *Finder) log(format string, arguments ...any) {
	if f.Log == nil {
		return
	}
	f.logging.Lock()
	defer f.logging.Unlock()
	f.Log(format, arguments...)
}

// Restrict leaves the releases of the inventory that can be had: from the
// setting's source, and from the npm registry only where it is known which
// that is. A range chooses among those. What a source answers does not count,
// so that a build chooses the same release tomorrow.
func Restrict(inv *inventory.Inventory, source string, registryKnown bool) *inventory.Inventory {
	switch {
	case source == NPM:
		return inv.Only(func(r inventory.Release) bool { return !r.Package.IsZero() })
	case source == NodeJSOrg || !registryKnown:
		return inv.Only(func(r inventory.Release) bool { return !r.Archive.IsZero() })
	}
	return inv
}
