package npmtree

import (
	"net/url"
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// fits reports whether a dependency that asks for a text is satisfied by what it
// leads to. Known is false for kinds of dependencies that only npm can judge: git
// repositories.
func (t *tree) fits(e *edge, spec string) (fits, known bool) {
	spec = strings.TrimSpace(spec)
	if alias, ok := strings.CutPrefix(spec, "npm:"); ok {
		at := strings.LastIndex(alias, "@")
		if at <= 0 {
			return true, true
		}
		spec = strings.TrimSpace(alias[at+1:])
	}
	if local, ok := localPath(spec); ok {
		return e.fitsLocal(local), true
	}
	if address, err := url.Parse(spec); err == nil && (address.Scheme == "http" || address.Scheme == "https") {
		return e.to.resolved == spec, !isCodeHost(address.Hostname())
	}
	if strings.ContainsAny(spec, ":/") {
		return false, false
	}
	return fitsRange(spec, e.to)
}

// fitsRange judges a range, a version or a tag.
func fitsRange(spec string, to *node) (fits, known bool) {
	if spec == "" || spec == "*" {
		return true, true
	}
	wanted, err := npmrange.Parse(spec)
	if err != nil { // a tag, such as latest
		return to.resolved != "" && isAddress(to.resolved) && url.PathEscape(spec) == spec, true
	}
	version := to.entry.text("version")
	has, err := semver.StrictNewVersion(version)
	if err != nil {
		return false, false
	}
	return wanted.Has(has), true
}

// isAddress reports whether a text is an http or https address.
func isAddress(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// isCodeHost reports whether npm takes the addresses of a host for git
// repositories.
func isCodeHost(host string) bool {
	for _, one := range []string{"github.com", "gitlab.com", "bitbucket.org", "git.sr.ht", "gist.github.com"} {
		if host == one || strings.HasSuffix(host, "."+one) {
			return true
		}
	}
	return false
}

// localPath returns the path in a dependency on a folder or a file.
func localPath(spec string) (string, bool) {
	if local, ok := strings.CutPrefix(spec, "file:"); ok {
		return local, true
	}
	return spec, strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../")
}

// isArchive reports whether npm takes a path for that of an archive.
func isArchive(local string) bool {
	local = strings.ToLower(local)
	return strings.HasSuffix(local, ".tgz") || strings.HasSuffix(local, ".tar.gz") || strings.HasSuffix(local, ".tar")
}

// fitsLocal judges a dependency on a folder or an archive, whose path is relative
// to the depending folder.
func (e *edge) fitsLocal(local string) bool {
	if strings.ContainsAny(local, `%\~`) || strings.HasPrefix(local, "/") {
		return false
	}
	place := path.Join(e.from.place, local)
	if isArchive(local) {
		return e.from.isTop() && !e.to.link && e.to.resolved == "file:"+place
	}
	return e.to.link && e.to.target.place == strings.TrimPrefix(place, "./")
}
