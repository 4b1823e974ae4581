package npmtree

import (
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
)

// Options are what the result depends on besides the project's files.
type Options struct {
	NPM, Node      *semver.Version // of npm, and of the Node.js that runs it
	Host, Target   deps.Platform
	Omit           []string // kinds of dependencies: "dev", "optional", "peer"
	LegacyPeerDeps bool     // npm's setting legacy-peer-deps
	HidesAddresses bool     // npm's setting omit-lockfile-registry-resolved
}

// since reports whether npm is of a version, or later.
func (o Options) since(version string) bool { return !o.NPM.LessThan(semver.MustParse(version)) }

// readsShrinkwrap reports whether npm reads npm-shrinkwrap.json.
func (o Options) readsShrinkwrap() bool { return !o.since("12.0.0") }

// ignoresOptionalPeers reports whether `npm ci` leaves alone an optional peer that
// does not fit.
func (o Options) ignoresOptionalPeers() bool { return o.since("11.12.1") }

// recordsLibc reports whether npm's record has the field libc.
func (o Options) recordsLibc() bool { return o.since("11.11.0") }

// removesLater reports whether npm first makes the folders of all packages, and
// later removes those that it leaves out, with their programs. Then the folders
// around them stay.
func (o Options) removesLater() bool { return !o.since("11.6.1") }

// omits reports whether a kind of dependencies is left out.
func (o Options) omits(kind string) bool { return slices.Contains(o.Omit, kind) }

// oldest and newest are the major versions of npm whose trees are known.
const oldest, newest = 8, 12

// check refuses what this package does not know.
func (o Options) check() error {
	if o.NPM == nil || o.NPM.Major() < oldest || o.NPM.Major() > newest || o.NPM.Prerelease() != "" {
		return handover("npm %v is not one of the versions %d to %d", o.NPM, oldest, newest)
	}
	if o.Node == nil || o.Node.Prerelease() != "" {
		return handover("Node.js %v is not a release", o.Node)
	}
	return nil
}
