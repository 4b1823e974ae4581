// Package npmregistry knows where an npm registry has the archives of packages, and
// with which credentials, as npm's configuration says.
package npmregistry

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Registry finds archives. Get one from [New].
type Registry struct {
	config  *npmrc.Config
	main    *url.URL // for packages without a scope, and for scopes without a registry
	replace string   // which hosts of addresses stand for the main registry: "always", "never", or a host
}

// New returns the registry of a configuration. Standard is the address of npm's
// own default registry.
func New(config *npmrc.Config, standard *url.URL) (*Registry, error) {
	r := &Registry{config: config}
	var err error
	if r.main, err = config.Registry(); err != nil {
		return nil, err
	}
	if r.main == nil {
		r.main = standard
	}
	r.replace, _ = config.Get("replace-registry-host")
	if r.replace == "" || r.replace == "npmjs" {
		r.replace = standard.Hostname()
	}
	if strings.ContainsAny(r.replace, "/:") {
		return nil, fmt.Errorf("replace-registry-host is an address")
	}
	return r, nil
}

// of returns the registry for a package's name.
func (r *Registry) of(name string) (*url.URL, error) {
	scope, _, scoped := strings.Cut(name, "/")
	if !scoped {
		return r.main, nil
	}
	text, _ := r.config.Get(scope + ":registry")
	if text == "" {
		return r.main, nil
	}
	found, err := url.Parse(text)
	if err != nil || found.Host == "" {
		return nil, fmt.Errorf("the registry of %s is not an address", scope)
	}
	found.Path = strings.TrimRight(found.Path, "/") + "/"
	return found, nil
}

// Archive returns where a package's archive is: at the lockfile's address, if it
// has one, or where registries usually have it.
func (r *Registry) Archive(name, version, address string) (*url.URL, error) {
	if address == "" {
		registry, err := r.of(name)
		if err != nil {
			return nil, err
		}
		return npmrc.Tarball(registry, name, version), nil
	}
	at, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the address of %s in the lockfile is not one", name)
	}
	if r.replace != "always" && r.replace != at.Hostname() {
		return at, nil
	}
	at.Scheme, at.Host = r.main.Scheme, r.main.Host
	if prefix := strings.TrimSuffix(r.main.Path, "/"); prefix != "" && at.Path != prefix && !strings.HasPrefix(at.Path, prefix+"/") {
		at = at.JoinPath()
		at.Path, at.RawPath = prefix+at.Path, ""
	}
	return at, nil
}

// Has reports whether a package's address in a lockfile is in the registry for a
// name: npm 12 allows no others.
func (r *Registry) Has(name, address string) bool {
	at, err := r.Archive(name, "", address)
	if err != nil {
		return false
	}
	registry, err := r.of(name)
	return err == nil && at.Scheme == registry.Scheme && at.Host == registry.Host && strings.HasPrefix(at.Path, registry.Path)
}

// Document returns the address of the registry's document about a package.
func (r *Registry) Document(name string) (*url.URL, error) {
	registry, err := r.of(name)
	if err != nil {
		return nil, err
	}
	return registry.Parse(strings.Replace(name, "/", "%2f", 1))
}

// Authorization returns the header Authorization for an address, or "": the
// credentials for the address, or, if it is on the host of the package's registry,
// those for the registry.
func (r *Registry) Authorization(name string, at *url.URL) string {
	if header := r.config.Authorization(at); header != "" {
		return header
	}
	if registry, err := r.of(name); err == nil && registry.Host == at.Host {
		return r.config.Authorization(registry)
	}
	return ""
}
