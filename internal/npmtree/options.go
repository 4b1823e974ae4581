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
	AllowsRemote   bool     // npm's setting allow-remote is "all"
	Workspace      string   // the folder of the only workspace to install: "packages/a"; empty for the whole project
	WithRoot       bool     // with a workspace, what the project itself depends on, too
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

// trustsFlags reports whether npm takes the flags of a lockfile as they are.
func (o Options) trustsFlags() bool { return !o.since("11.12.0") }

// removesLater reports whether npm first makes the folders of all packages, and
// later removes those that it leaves out, with their programs. Then the folders
// around them stay.
func (o Options) removesLater() bool { return !o.since("11.6.2") }

// recordsUnfit reports whether npm's record has the optional packages that are left
// out because they do not fit the platform or Node.js.
func (o Options) recordsUnfit() bool { return o.since("11.3.0") && !o.since("11.6.2") }

// overlooksLinked reports whether npm, when it installs one workspace, overlooks the
// folders to which links lead in their turn: it installs what is in them, and neither
// omits nor records it.
func (o Options) overlooksLinked() bool {
	return !o.since("10.9.7") || o.since("11.0.0") && !o.since("11.12.0")
}

// omits reports whether a kind of dependencies is left out.
func (o Options) omits(kind string) bool { return slices.Contains(o.Omit, kind) }

// refusesAddresses reports whether npm installs no package from an address outside
// of its registry.
func (o Options) refusesAddresses() bool { return o.since("12.0.0") && !o.AllowsRemote }

// copiesFolders reports whether npm may copy a folder that is a dependency,
// instead of linking it: the default of its setting install-links was true in npm
// 9, at first.
func (o Options) copiesFolders() bool { return o.since("9.0.0") && !o.since("9.9.4") }

// The versions of npm whose trees are known: the oldest is the first that came with
// Node.js 18.
const (
	oldest      = "8.6.0"
	newestMajor = 12
)

// check refuses what this package does not know.
func (o Options) check() error {
	if o.NPM == nil || !o.since(oldest) || o.NPM.Major() > newestMajor || o.NPM.Prerelease() != "" {
		return handover("npm is %v, and known are the versions %s to %d", o.NPM, oldest, newestMajor)
	}
	if o.since("11.1.0") && !o.since("11.3.0") || o.since("11.6.3") && !o.since("11.7.0") {
		return handover("npm %v came with no Node.js", o.NPM)
	}
	if o.since("11.6.1") && !o.since("11.6.2") {
		return handover("npm %v has a way of its own to leave packages out", o.NPM)
	}
	if o.Node == nil || o.Node.Prerelease() != "" {
		return handover("Node.js %v is not a release", o.Node)
	}
	return nil
}
