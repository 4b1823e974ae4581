package yarnlock

import (
	"net/url"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// pkg returns the entry as a package of a graph. The lockfile does not say which
// packages have install scripts, so that each may have some.
func (e Entry) pkg() deps.Package {
	p := deps.Package{
		Name: e.RealName(), Version: e.Version, Resolved: e.Resolved, Integrity: e.Integrity,
		HasInstallScript: true, OS: e.OS, CPU: e.CPU, Libc: e.Libc,
	}
	_, wanted := splitDescriptor(e.Descriptors[0])
	if e.Resolution == "" {
		p.Source = npmlock.SourceOf(p.Name, e.Resolved, strings.Contains(wanted, "://"))
		if path, ok := deps.LocalPath(wanted); ok && e.Resolved == "" {
			p.Source = deps.Source{Kind: deps.FromFile, Address: "file:" + path}
		}
		return p
	}
	p.Source = berrySource(e.Resolution)
	return p
}

// RealName returns the package's name in the registry, which an alias differs from.
func (e Entry) RealName() string {
	if e.Resolution != "" {
		name, _ := splitDescriptor(e.Resolution)
		return name
	}
	if _, wanted := splitDescriptor(e.Descriptors[0]); strings.HasPrefix(wanted, "npm:") {
		name, version := splitDescriptor(strings.TrimPrefix(wanted, "npm:"))
		if version != "" {
			return name
		}
	}
	return e.Name
}

// berrySource returns the source in a locator: "a@npm:1.0.0",
// "a@https://host/a.git#commit=1234".
func berrySource(locator string) deps.Source {
	name, reference := splitDescriptor(locator)
	switch protocol, rest, _ := strings.Cut(reference, ":"); protocol {
	case "npm":
		return deps.Source{}
	case "patch":
		inner, _, _ := strings.Cut(rest, "#")
		if decoded, err := url.PathUnescape(inner); err == nil && !strings.Contains(decoded, "@patch:") {
			return berrySource(decoded)
		}
		return deps.Source{}
	case "file":
		file, _, _ := strings.Cut(rest, "#")
		return deps.Source{Kind: deps.FromFile, Address: "file:" + file}
	}
	address, commit, isGit := strings.Cut(reference, "#commit=")
	if !isGit {
		return npmlock.SourceOf(name, reference, true)
	}
	if !strings.HasPrefix(address, "git") {
		address = "git+" + address
	}
	return npmlock.SourceOf(name, address+"#"+commit, true)
}

// File returns the path of a file or folder of the app that the package is made of,
// relative to the root: of a dependency with file:, or a patch.
func (e Entry) File() (place string, ok bool) {
	_, wanted := splitDescriptor(unbound(e.Descriptors[0]))
	if _, patch, found := strings.Cut(wanted, "#"); found && strings.HasPrefix(wanted, "patch:") {
		patch = strings.TrimPrefix(strings.TrimPrefix(patch, "optional!"), "~/")
		return patch, !strings.HasPrefix(patch, "builtin<") && !strings.HasPrefix(patch, "~builtin<")
	}
	return deps.LocalPath(wanted)
}
