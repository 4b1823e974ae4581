package pnpmlock

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

// key returns the key of the package that a reference names, as pnpm does.
func (r *reader) key(name, version string) string {
	if r.format == format9 {
		at, colon, bracket := strings.IndexByte(version, '@'), strings.IndexByte(version, ':'), strings.IndexByte(version, '(')
		if at >= 0 && (colon < 0 || at < colon) && (bracket < 0 || at < bracket) {
			return version // "other@1.0.0(peer@2.0.0)", of an alias
		}
		return name + "@" + version
	}
	bare, _, _ := strings.Cut(version, "(")
	if strings.HasPrefix(version, "file:") || strings.Contains(bare, "/") {
		return version
	}
	if r.format == format6 {
		return "/" + name + "@" + version
	}
	return "/" + name + "/" + version
}

func (r *reader) readPackages() (all []deps.Stored) {
	entries := r.raw.Packages
	if r.format == format9 {
		entries = r.raw.Snapshots
	}
	for key, entry := range entries {
		about := entry
		if r.format == format9 {
			about = r.raw.Packages[withoutPeers(key)]
		}
		needs := map[string]deps.Need{}
		for name, ref := range entry.Dependencies {
			needs[name] = r.need(deps.Required, "", name, ref)
		}
		for name, ref := range entry.OptionalDependencies {
			needs[name] = r.need(deps.Optional, "", name, ref)
		}
		for name, need := range needs {
			if need.IsFolder && !r.importers[need.Folder] {
				delete(needs, name) // out of the project: nothing to install
			}
		}
		all = append(all, deps.Stored{Key: key, Folder: folder(key, r.format, r.line), Package: r.describe(key, about), Needs: needs})
	}
	return all
}

func (r *reader) describe(key string, raw rawPackage) deps.Package {
	name, version := r.parse(key)
	if raw.Name != "" {
		name = raw.Name
	}
	if raw.Version != "" {
		version = raw.Version
	}
	p := deps.Package{
		Name: name, Version: version, Resolved: raw.Resolution.Tarball, Integrity: raw.Resolution.Integrity, Source: raw.Resolution.source(name),
		HasInstallScript: raw.RequiresBuild, OS: raw.OS, CPU: raw.CPU, Libc: raw.Libc, Engines: raw.Engines,
	}
	if libc := deps.LibcOf(name); len(p.Libc) == 0 && len(p.OS) > 0 && libc != "" {
		p.Libc = []string{libc} // which pnpm has not always recorded
	}
	if p.Source.Kind != deps.FromRegistry && raw.Version == "" {
		p.Version = ""
	}
	return p
}

// semverStart matches the begin of a version, in contrast to that of an address.
var semverStart = regexp.MustCompile(`^\d+\.\d+\.\d+`)

// parse returns the name and version in a key.
func (r *reader) parse(key string) (name, version string) {
	rest := strings.TrimPrefix(withoutPeers(key), "/")
	separator := "@"
	if r.format == format5 {
		separator = "/"
		rest, _, _ = strings.Cut(rest, "_")
	}
	from := 0
	if strings.HasPrefix(rest, "@") {
		if from = 1; separator == "/" {
			from = strings.IndexByte(rest, '/') + 1
		}
	}
	name, version = rest, ""
	if at := strings.Index(rest[from:], separator); at >= 0 {
		name, version = rest[:from+at], rest[from+at+1:]
	}
	if !semverStart.MatchString(version) {
		version = ""
	}
	return name, version
}

// withoutPeers cuts off the peers in brackets.
func withoutPeers(key string) string {
	if !strings.HasSuffix(key, ")") {
		return key
	}
	// Names of folders may have brackets; those of peers are at the end, and may have
	// others inside.
	end := len(key)
	for end > 0 && key[end-1] == ')' {
		depth := 0
		at := end
		for at > 0 {
			at--
			if key[at] == ')' {
				depth++
			} else if key[at] == '(' {
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if depth != 0 {
			return key
		}
		end = at
	}
	return key[:end]
}

// codeHosts are hosts whose archives pnpm uses for git repositories.
var codeHosts = []string{"codeload.github.com", "gitlab.com", "bitbucket.org"}

func (r resolution) source(name string) deps.Source {
	switch {
	case r.Type == "git":
		return deps.Source{Kind: deps.FromGit, Address: "git+" + withoutLogin(strings.TrimPrefix(r.Repo, "git+")), Commit: r.Commit}
	case r.Type == "directory":
		return deps.Source{Kind: deps.FromFile, Address: "file:" + r.Directory}
	case strings.HasPrefix(r.Tarball, "file:"):
		return deps.Source{Kind: deps.FromFile, Address: r.Tarball}
	case r.Tarball == "":
		return deps.Source{}
	}
	address, err := url.Parse(r.Tarball)
	if err != nil || strings.Contains(address.Path, "/"+name+"/-/") || strings.Contains(address.Path, "/download/"+name+"/") {
		return deps.Source{}
	}
	if r.Integrity == "" && slices.Contains(codeHosts, address.Host) {
		parts := strings.Split(strings.Trim(address.Path, "/"), "/")
		if address.Host == "codeload.github.com" && len(parts) == 4 { // OWNER/NAME/tar.gz/COMMIT
			return deps.Source{Kind: deps.FromGit, Address: "git+https://github.com/" + parts[0] + "/" + parts[1] + ".git", Commit: parts[3]}
		}
	}
	return deps.Source{Kind: deps.FromArchive, Address: withoutLogin(r.Tarball)}
}

// withoutLogin removes user, password, query and fragment from an address.
func withoutLogin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
