// Package npmtree works out what `npm ci --ignore-scripts` makes of a lockfile:
// which packages in which folders, links, programs in .bin, and npm's record of
// them, node_modules/.package-lock.json, byte for byte. It reads the lockfile and
// package.json files, and writes nothing.
//
// npm's own rules are in its library arborist. Whatever this package does not know
// to be the same there is a [Handover]: the caller lets npm itself install.
package npmtree

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// Handover is the error for a project that npm itself has to install.
type Handover struct {
	// Reason is one clause: "the lockfile has no integrity for node_modules/a". It
	// quotes the project's files, with any credentials in them.
	Reason string
}

// Error returns the reason without credentials.
func (h *Handover) Error() string { return string(npmlock.WithoutCredentials([]byte(h.Reason))) }

// handover returns a [Handover].
func handover(format string, args ...any) error {
	return &Handover{Reason: fmt.Sprintf(format, args...)}
}
