package bun

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// Bun does not say which server it could not reach; the lockfile does.
func TestARegistryThatOnlyTheLockfileNames(t *testing.T) {
	lock := deps.Graph{Packages: []deps.Package{
		{Path: "node_modules/@a/b", Name: "@a/b", Version: "1.0.0", Resolved: "https://mirror.example/@a/b/-/b-1.0.0.tgz"},
		{Path: "node_modules/c", Name: "c", Version: "2.0.0"},
	}}
	for output, host := range map[string]string{
		"error: DNSResolveFailed downloading tarball @a/b@1.0.0\n":  "mirror.example",
		"error: ConnectionRefused downloading tarball @a/b@1.0.0\n": "mirror.example",
		"error: DNSResolveFailed downloading tarball @a/b@1.0.1\n":  "",
		"error: DNSResolveFailed downloading tarball c@2.0.0\n":     "",
		"error: Integrity check failed for tarball: @a/b@1.0.0\n":   "",
	} {
		var got *failure.Failure
		err := otherRegistry(lock, output)
		if host == "" && err == nil {
			continue
		}
		if !errors.As(err, &got) || got.ID != "dependency-source-unreachable" || host == "" || !strings.Contains(got.Remedy, host) {
			t.Errorf("%q: got %v, want the host %q", output, err, host)
		}
	}
}
