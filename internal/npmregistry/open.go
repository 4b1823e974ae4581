package npmregistry

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// unseen are settings that name other files of configuration.
var unseen = []string{"userconfig", "globalconfig", "prefix"}

// Open returns a function for the address from which a build fetches a package's
// archive, or "" if credentials go there, or might: then the archive is nobody else's.
// Of a package without an address in the lockfile, the registry may say another one,
// so that it is open only if there are no credentials at all. Standard is npm's own
// default registry, nil if that is not known. It is an error if the configuration
// names others, has credentials for no address, or any if the default is not known.
func Open(config *npmrc.Config, standard *url.URL) (func(name, version, address string) string, error) {
	known, credentials := standard != nil, false
	for _, name := range config.Names() {
		name = strings.TrimRight(name, "=[]")
		for _, other := range unseen {
			if name == other {
				return nil, fmt.Errorf("npm's setting %s names other settings", name)
			}
		}
		if !npmrc.IsCredential(name) {
			continue
		}
		host, setting, scoped := strings.Cut(name, "/:")
		if !known || !scoped || !strings.HasPrefix(host, "//") || strings.HasPrefix(setting, "cert") || strings.HasPrefix(setting, "key") {
			return nil, fmt.Errorf("npm's setting %s is a credential that may be for any address", setting)
		}
		credentials = true
	}
	if !known {
		standard = &url.URL{Scheme: "https", Host: "npm.invalid", Path: "/"}
	}
	registry, err := New(config, standard)
	if err != nil {
		return nil, err
	}
	return func(name, version, address string) string {
		if credentials && address == "" {
			return ""
		}
		return registry.open(name, version, address)
	}, nil
}

func (r *Registry) open(name, version, address string) string {
	at, err := r.Archive(name, version, address)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || path.Clean(at.Path) != at.Path {
		return ""
	}
	if registry, err := r.of(name); err != nil || registry.User != nil || r.Authorization(name, at) != "" {
		return ""
	}
	return at.String()
}
