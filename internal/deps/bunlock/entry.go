package bunlock

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

// kind is where a package comes from.
type kind int

const (
	registry  kind = iota
	workspace      // of the project
	folder         // a folder that Bun copies: file:
	link           // a folder that is linked: link:
	archive        // a .tgz in the app, or at an address
	git
	root // the project itself
)

// entry is one package: a list, whose form depends on where it comes from.
type entry struct {
	name, version string
	kind          kind
	address       string // of all but those of the registry
	integrity     string
	info          info
}

// parseEntry reads a package: its name and where it comes from, and then what is
// known of it and the checksum of its archive. Before these, those of a registry
// have its address, and those of git, after it, a name for Bun's cache.
func parseEntry(raw json.RawMessage) (e entry, err error) {
	var fields []json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return e, err
	}
	var id string
	if len(fields) == 0 || json.Unmarshal(fields[0], &id) != nil {
		return e, errors.New("want a list that begins with the name and the version")
	}
	if err := e.identify(id); err != nil {
		return e, err
	}
	for _, field := range fields[1:] {
		var text string
		switch {
		case json.Unmarshal(field, &text) != nil:
			if err := json.Unmarshal(field, &e.info); err != nil {
				return e, err
			}
		case integrity.MatchString(text):
			e.integrity = text
		case e.kind == registry && text != "":
			e.address = text
		}
	}
	return e, nil
}

// integrity matches a checksum, and not an address or a name of Bun's cache.
var integrity = regexp.MustCompile(`^sha\d+-[A-Za-z0-9+/=]+`)

// identify reads "name@version".
func (e *entry) identify(id string) error {
	at := strings.Index(strings.TrimPrefix(id, "@"), "@")
	if at < 0 {
		return fmt.Errorf("got %q, want a name and a version", id)
	}
	at += len(id) - len(strings.TrimPrefix(id, "@"))
	e.name = id[:at]
	from := id[at+1:]
	scheme, rest, hasScheme := strings.Cut(from, ":")
	switch {
	case !hasScheme && !isArchive(from):
		e.version = from
	case scheme == "workspace":
		e.kind, e.address = workspace, path.Clean(rest)
	case scheme == "root":
		e.kind = root
	case scheme == "link":
		e.kind, e.address = link, rest
	case scheme == "github", scheme == "git", strings.HasPrefix(scheme, "git+"), scheme == "ssh":
		e.kind, e.address = git, from
	case scheme == "file" && !isArchive(rest):
		e.kind, e.address = folder, path.Clean(rest)
	default:
		e.kind, e.address = archive, from
	}
	if e.kind == workspace && !isFolder(e.address) {
		return fmt.Errorf("got the workspace %q, want a folder of the project", e.address)
	}
	return nil
}

func isArchive(name string) bool {
	name, _, _ = strings.Cut(name, "?")
	return strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.gz")
}

// isFolder reports whether a path is a folder of the project, and not the project.
func isFolder(place string) bool {
	return place != "." && place != ".." && !path.IsAbs(place) && !strings.HasPrefix(place, "../") && path.Clean(place) == place
}

// pkg returns the package, without its path.
func (e entry) pkg() deps.Package {
	p := e.info.pkg()
	p.Name, p.Version, p.Integrity = e.name, e.version, e.integrity
	p.Commands = e.commands()
	switch e.kind {
	case registry:
		p.Resolved = e.address
	case workspace:
		return deps.Package{Name: e.name, Link: true, To: e.address}
	case git:
		p.Source = gitSource(e.address)
	case archive:
		p.Source = deps.Source{Kind: deps.FromArchive, Address: withoutLogin(e.address)}
		if !strings.Contains(e.address, "://") {
			p.Source = deps.Source{Kind: deps.FromFile, Address: "file:" + strings.TrimPrefix(e.address, "file:")}
		}
	case folder, link, root:
		p.Source = deps.Source{Kind: deps.FromFile, Address: "file:" + e.address}
	}
	return p
}

// commands returns the names of the package's programs, sorted.
func (e entry) commands() []string {
	switch bin := e.info.Bin.(type) {
	case string:
		return []string{path.Base(e.name)}
	case map[string]any:
		return slices.Sorted(maps.Keys(bin))
	}
	return nil
}

// gitSource reads the address of a repository, with its commit behind "#".
func gitSource(address string) deps.Source {
	repository, commit, _ := strings.Cut(address, "#")
	if short, ok := strings.CutPrefix(repository, "github:"); ok {
		repository = "https://github.com/" + short + ".git"
	}
	return deps.Source{Kind: deps.FromGit, Address: "git+" + withoutLogin(strings.TrimPrefix(repository, "git+")), Commit: commit}
}

// userinfo is an address's scheme and userinfo.
var userinfo = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#]*@`)

// withoutLogin takes credentials out of an address: user, password and query.
func withoutLogin(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return userinfo.ReplaceAllString(address, "$1")
}
