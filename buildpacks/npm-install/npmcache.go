package npminstall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// Folders in npm's cache: its store of downloads (npm help cache), and in that
// the index and the contents, in this format since npm 5.
const (
	cacheStore    = "_cacache"
	cacheIndex    = "index-v5"   // files of lines "<sha1>\t<entry as JSON>"
	cacheContents = "content-v2" // <algorithm>/<2 digits>/<2 digits>/<the rest>
)

// cacheEntry is an entry of the index.
type cacheEntry struct {
	Key       string `json:"key"`       // "make-fetch-happen:request-cache:<address>"
	Integrity string `json:"integrity"` // null for a removed entry
}

// BoundDownloads removes everything from npm's cache except the archives of the
// lockfile's packages and the registry's documents about them, so that the cache
// does not grow from build to build. A cache that the app brought, or one without
// a lockfile, does not change.
func (m *manager) BoundDownloads(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, "_logs")); err != nil { // npm creates it in spite of its settings
		return fmt.Errorf("removing npm's logs: %w", err)
	}
	lock, found, err := npmlock.Read(m.project.Dir)
	if err != nil || !found || m.inputs.cache || m.inputs.process() == processRebuild {
		return err
	}
	if err := boundStore(filepath.Join(dir, cacheStore), lock); err != nil {
		return fmt.Errorf("bounding npm's cache: %w", err)
	}
	return nil
}

// boundStore filters the index, and then removes contents that no entry refers
// to.
func boundStore(store string, lock deps.Graph) error {
	wanted := wantedBy(lock)
	err := tree.Files(filepath.Join(store, cacheIndex), func(path string) error { return wanted.boundBucket(path) })
	if err != nil {
		return err
	}
	contents := filepath.Join(store, cacheContents)
	return tree.Files(contents, func(path string) error {
		rel, err := filepath.Rel(contents, path)
		if err != nil || wanted.contents[rel] {
			return err
		}
		return os.Remove(path)
	})
}

// wanted is what a lockfile needs.
type wanted struct {
	names    map[string]bool // of packages
	files    map[string]bool // "<name>/<version>"
	sources  []string        // addresses in the lockfile
	contents map[string]bool // paths of contents
}

func wantedBy(lock deps.Graph) *wanted {
	w := &wanted{names: map[string]bool{}, files: map[string]bool{}, contents: map[string]bool{}}
	for _, p := range lock.Packages {
		w.names[p.Name] = true
		w.files[p.Name+"/"+p.Version] = true
		if p.Resolved != "" && !p.Link {
			w.sources = append(w.sources, p.Resolved)
		}
		w.keep(p)
	}
	return w
}

func (w *wanted) keep(p deps.Package) {
	for algorithm, digest := range p.Checksums() {
		if len(digest) > 4 {
			w.contents[filepath.Join(algorithm, digest[:2], digest[2:4], digest[4:])] = true
		}
	}
}

// boundBucket rewrites a file of the index without unneeded entries. It also
// removes invalid lines, which npm ignores.
func (w *wanted) boundBucket(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		_, encoded, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		var entry cacheEntry
		if json.Unmarshal(encoded, &entry) == nil && w.wants(entry.Key) {
			w.keep(deps.Package{Integrity: entry.Integrity})
			fmt.Fprintf(&kept, "\n%s", bytes.TrimSpace(line))
		}
	}
	switch {
	case kept.Len() == 0:
		return os.Remove(path)
	case bytes.Equal(kept.Bytes(), text):
		return nil
	}
	return os.WriteFile(path, kept.Bytes(), 0o644)
}

// wants reports whether an entry belongs to a package in the lockfile: its
// archive in that version, or the registry's document about it.
func (w *wanted) wants(key string) bool {
	for _, source := range w.sources {
		if strings.HasSuffix(key, source) {
			return true
		}
	}
	_, address, _ := strings.Cut(key, "request-cache:")
	parsed, err := url.Parse(address)
	if err != nil || address == "" {
		return false
	}
	document, file, isArchive := strings.Cut(parsed.Path, "/-/") // %2f in a scope is decoded to a slash
	name := nameAtEnd(document)
	if !isArchive {
		return w.names[name]
	}
	file = strings.TrimSuffix(file, ".tgz")
	for i := range file {
		if file[i] == '-' && w.files[name+"/"+file[i+1:]] {
			return true
		}
	}
	return false
}

// nameAtEnd returns the package's name at the end of a registry's path.
func nameAtEnd(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	last := len(parts) - 1
	if last > 0 && strings.HasPrefix(parts[last-1], "@") {
		return parts[last-1] + "/" + parts[last]
	}
	return parts[last]
}
