package npmlock

import (
	"bytes"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

// findSources sets each package's source. If a package depends on an address, that
// address is not a registry's. In version 1 of the format, packages from git
// repositories, archives and files have their address as version: findSources
// clears it.
func findSources(g *deps.Graph) {
	named := map[string]bool{}
	for _, p := range append([]deps.Package{g.Root}, g.Packages...) {
		for _, ranges := range []map[string]string{p.Dependencies, p.OptionalDeps, p.DevDeps, p.PeerDeps} {
			for spec := range maps.Values(ranges) {
				named[spec] = strings.Contains(spec, "://")
			}
		}
	}
	for i := range g.Packages {
		p := &g.Packages[i]
		from := p.Resolved
		if strings.ContainsAny(p.Version, ":/") {
			if from == "" {
				from = p.Version
			}
			p.Version = ""
		}
		p.Source = SourceOf(p.Name, from, named[from])
	}
}

// hosts are npm's short names for hosts of git repositories.
var hosts = map[string]string{"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org", "gist": "gist.github.com"}

// SourceOf returns the source of a package that has an address in a lockfile. Named says
// that a package depends on the address itself.
func SourceOf(name, from string, named bool) deps.Source {
	scheme, rest, _ := strings.Cut(from, ":")
	switch {
	case hosts[scheme] != "":
		repository, fragment, _ := strings.Cut(rest, "#")
		return deps.Source{Kind: deps.FromGit, Address: "git+https://" + hosts[scheme] + "/" + clean(strings.TrimSuffix(repository, ".git")) + ".git", Commit: commit(fragment)}
	case scheme == "git" || strings.HasPrefix(scheme, "git+"):
		repository, fragment, _ := strings.Cut(from, "#")
		return deps.Source{Kind: deps.FromGit, Address: "git+" + clean(strings.TrimPrefix(repository, "git+")), Commit: commit(fragment)}
	case scheme == "file":
		return deps.Source{Kind: deps.FromFile, Address: from}
	case (scheme == "http" || scheme == "https") && (named || !isRegistryAddress(name, from)):
		return deps.Source{Kind: deps.FromArchive, Address: clean(from)}
	}
	return deps.Source{}
}

// commit returns the revision in the fragment of a repository's address: npm allows
// "<commit>::path:folder".
func commit(fragment string) string {
	revision, _, _ := strings.Cut(fragment, "::")
	if strings.Contains(revision, ":") { // semver:^1.0.0
		return ""
	}
	return revision
}

// isRegistryAddress reports whether an address has a form that registries use for
// archives: <name>/-/<file>, or GitHub's download/<name>/.
func isRegistryAddress(name, address string) bool {
	at, err := url.Parse(address)
	if err != nil {
		return false
	}
	return strings.Contains(at.Path, "/"+name+"/-/") || strings.Contains(at.Path, "/download/"+name+"/")
}

// clean removes possible credentials from an address: user and password, the query
// and the fragment.
func clean(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	return userinfo.ReplaceAllString(address, "$1")
}

var (
	// userinfo is an address's scheme and userinfo; a password may contain an "@".
	userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#"'<>\\]*)@`)
	// secret is a query parameter that may be a credential.
	secret = regexp.MustCompile(`(?i)([?&](?:[\w-]*(?:token|secret|password|signature|credential|api[_-]?key|auth)[\w-]*|sig|key)=)[^&#\s"'<>\\]+`)
)

// WithoutCredentials removes passwords and tokens from the addresses in a
// lockfile's text. It keeps the user of ssh addresses, which is always git.
func WithoutCredentials(text []byte) []byte {
	text = userinfo.ReplaceAllFunc(text, func(found []byte) []byte {
		parts := userinfo.FindSubmatch(found)
		user, _, _ := bytes.Cut(parts[2], []byte(":"))
		if !bytes.HasSuffix(parts[1], []byte("ssh://")) || len(user) == 0 {
			return parts[1]
		}
		return slices.Concat(parts[1], user, []byte("@"))
	})
	return secret.ReplaceAll(text, []byte("$1"))
}

// HasCredentials reports whether an address in a text has a password or a token. A
// user of an ssh address alone does not count.
func HasCredentials(text []byte) bool {
	if secret.Match(text) {
		return true
	}
	return slices.ContainsFunc(userinfo.FindAllSubmatch(text, -1), func(found [][]byte) bool {
		overSSH := bytes.HasSuffix(found[1], []byte("ssh://"))
		return len(found[2]) > 0 && (!overSSH || bytes.Contains(found[2], []byte(":")))
	})
}
