package bun

import (
	"fmt"
	"net/url"
	"regexp"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// undelivered matches Bun's words about a server that does not give an archive. They
// name the package, and not the server.
var undelivered = regexp.MustCompile(`(?m)^error: ((?:Connection\w+|DNSResolveFailed|FailedToOpenSocket|Timeout|\w+Unreachable)) downloading tarball (@?[^@\s]+)@(\d\S*)`)

// otherRegistry is the failure of an install whose lockfile names another registry
// than the configuration, which cannot be reached. It is nil for all else.
func otherRegistry(lock deps.Graph, output string) error {
	found := undelivered.FindStringSubmatch(output)
	if found == nil {
		return nil
	}
	for _, p := range lock.Packages {
		address, err := url.Parse(p.Resolved)
		if p.Name != found[2] || p.Version != found[3] || err != nil || address.Host == "" {
			continue
		}
		return &failure.Failure{
			ID:    "dependency-source-unreachable",
			Cause: fmt.Sprintf("bun install failed: the lockfile takes %s %s from %s, which cannot be reached (%s)", found[2], found[3], address.Host, found[1]),
			Remedy: fmt.Sprintf("let the build's network reach %s, behind a proxy with HTTPS_PROXY, and try again; or let the lockfile name another registry: "+
				"delete it, run `bun install` with that registry, and commit the result. NPM_CONFIG_REGISTRY does not change an address of the lockfile.", address.Host),
			Transient: true,
		}
	}
	return nil
}
