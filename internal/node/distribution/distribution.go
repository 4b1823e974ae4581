// Package distribution fetches the archives of Node.js releases: from the
// buildpack's dependencies folder, nodejs.org, or the npm registry. It verifies
// the pinned checksum for every source.
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

// The values of BP_NODE_SOURCE, and Baked.
const (
	Auto      = "auto"       // nodejs.org, or npm if that is unreachable
	NodeJSOrg = "nodejs.org" // nodejs.org, or its mirrors and mappings
	NPM       = "npm"        // the registry in npm's configuration
	Baked     = "buildpack"  // the buildpack's dependencies folder; a source of files, but no value of the setting
)

// Ids of the failures that [Finder.Find] returns, besides those of package
// fetch.
const (
	IDRegistryUnknown  = "npm-registry-unknown"
	IDDownloadFailed   = "node-download-failed"  // temporary: the servers are unreachable
	IDDownloadRefused  = "node-download-refused" // a server answered, but not with the archive
	IDChecksumMismatch = "checksum-mismatch"
	IDMirrorInvalid    = "dependency-mirror-invalid"
	IDMappingInvalid   = "dependency-mapping-invalid"
)

// Need is a release, and whether its npm is needed too.
type Need struct {
	Release inventory.Release
	NPM     bool
}

// Found has the archives of a [Need].
type Found struct {
	Need
	Source string // NodeJSOrg, NPM or Baked
	Node   string // path of the gzipped tar archive that holds bin/node
	NPM    string // path of npm's archive; empty if Node's archive has npm, or npm is not needed

	// Unpacked means that the paths are folders with the archives' content,
	// which stay for the whole build.
	Unpacked bool
}

// Finder fetches archives. Repair and Log are optional.
type Finder struct {
	Source string // Auto, NodeJSOrg or NPM
	Baked  string // folder with baked archives, or folders with their content; need not exist
	Dir    string // existing folder for downloads; reuses files with the right checksum
	Client *fetch.Client

	Rewrites Rewrites
	Config   *npmrc.Config

	// Repair ignores a baked file with a wrong checksum; for programs that fill
	// the folder of baked archives.
	Repair bool

	Log func(format string, arguments ...any) // one line per call, one call at a time; nil for silence

	// Downloaded is called after each download with its size and duration,
	// concurrently. It may be nil.
	Downloaded func(file fetch.File, bytes int64, took time.Duration)

	logging sync.Mutex // concurrent downloads log, too
}

// Find fetches the archives for all needs from the first source that has them.
// It downloads concurrently, and each file only once. Errors that an app
// developer can fix are [failure.Failure]s.
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
	if ctx.Err() != nil { // whatever the servers' errors are
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

// pins returns a source's files for a need: Node's first, then npm's if it is
// separate. It is empty if the source lacks the release.
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

// baked searches the buildpack's dependencies folder for the pins of either
// source. A missing file is no error; a wrong checksum is. It does not verify
// unpacked folders: the packager verified the archives, and they are as trusted
// as the buildpack's other files.
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

// Restrict returns the inventory with the releases that the setting's source
// offers, the npm registry only if it is known. Ranges choose among those. It
// never asks the network, so that a build chooses the same release tomorrow.
func Restrict(inv *inventory.Inventory, source string, registryKnown bool) *inventory.Inventory {
	switch {
	case source == NPM:
		return inv.Only(func(r inventory.Release) bool { return !r.Package.IsZero() })
	case source == NodeJSOrg || !registryKnown:
		return inv.Only(func(r inventory.Release) bool { return !r.Archive.IsZero() })
	}
	return inv
}
