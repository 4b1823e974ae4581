package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Evidence is the fetched and verified data.
type Evidence struct {
	Index    []IndexEntry
	Schedule []Line
	Lists    map[string]List                      // by version, for every version in the index
	Packages map[targets.Target]map[string]string // of Node.js in the npm registry: version → sha512
	NPM      map[string]string                    // the package npm: version → sha512
}

// List is a version's list of checksums. Without a validly signed list, Err is
// set and the rest is empty.
type List struct {
	Sums   map[string]string
	Signed Signed
	Err    error
}

// Fault is an error of one version. The lock keeps its old data of that
// version; other versions are unaffected.
type Fault struct {
	What string // "node 24.19.0", "npm 11.16.0"
	Err  error
}

func (f Fault) Error() string { return f.What + ": " + f.Err.Error() }

// inventory is an [Inventory] in the making.
type inventory struct {
	policy   Policy
	evidence Evidence
	old      *Lock
	faults   []Fault
	notes    []string
}

// Inventory joins the policy and the evidence into a lock. Pins of the old lock
// never change: a different or missing checksum is a fault. Notes are
// informational.
//
// A version that is not signed in the old lock must be signed after every lower
// version of its line, so that an attacker with an expired key cannot make a
// new release with a backdated signature.
//
// With prune, the lock drops what is gone upstream.
func Inventory(p Policy, e Evidence, old *Lock, prune bool) (lock *Lock, faults []Fault, notes []string) {
	inv := &inventory{policy: p, evidence: e, old: old}
	found := map[string]Release{}
	for _, entry := range e.Index {
		version := entry.Version.String()
		r, err := inv.indexed(entry)
		if err != nil {
			inv.fault("node "+version, err)
			continue
		}
		if len(r.Archives) > 0 {
			found[version] = r
		} else {
			inv.note("node %s is left out: no source has it for any target", version)
		}
	}
	inv.addUnindexed(found)
	inv.checkOrder(found)
	for _, was := range old.Releases {
		inv.keepPins(found, was, prune)
	}
	lock = &Lock{Lines: inv.lines(found), NPM: inv.npm(found, prune), Releases: slices.Collect(maps.Values(found))}
	lock.sort()
	return lock, inv.faults, inv.notes
}

func (inv *inventory) fault(what string, err error) {
	inv.faults = append(inv.faults, Fault{What: what, Err: err})
}

func (inv *inventory) note(format string, args ...any) {
	inv.notes = append(inv.notes, fmt.Sprintf(format, args...))
}

// indexed makes the entry of a version in the index.
func (inv *inventory) indexed(entry IndexEntry) (Release, error) {
	version := entry.Version.String()
	r := Release{Version: version, Date: entry.Date, NPM: entry.NPM, NPMFrom: NPMByIndex, Verified: ByOpenPGP}
	list := inv.evidence.Lists[version]
	why, excused := inv.policy.Unsigned[version]
	switch {
	case list.Err == nil && excused:
		inv.note("node %s verifies: its entry among the policy's unsigned versions is no longer needed", version)
	case list.Err != nil && excused:
		inv.note("node %s comes in through the npm registry alone: %s (%v)", version, why, list.Err)
		r.Verified = ByRegistry
	case list.Err != nil:
		return Release{}, list.Err
	}
	if r.Verified == ByOpenPGP {
		r.SignedBy, r.SignedAt = list.Signed.Fingerprint, list.Signed.At.UTC().Format(time.RFC3339)
	}
	for _, t := range inv.policy.Targets {
		file := archiveName(version, t.Node(), inv.policy.Archive)
		a := inv.registryPin(version, t)
		a.SHA256 = list.Sums[file]
		if r.Verified == ByOpenPGP && a.SHA256 == "" && slices.Contains(entry.Files, "linux-"+t.Node()) {
			return Release{}, fmt.Errorf("the index has it for %s, but the signed list has no line %s", t, file)
		}
		if a.SHA256 != "" || a.SHA512 != "" {
			r.Archives = append(r.Archives, a)
		}
	}
	return r, nil
}

// registryPin returns the npm registry's pin of a version for a target.
func (inv *inventory) registryPin(version string, t targets.Target) Archive {
	a := Archive{Target: t.String()}
	if sum := inv.evidence.Packages[t][version]; sum != "" {
		a.Package, a.SHA512 = packageName(t), sum
	}
	return a
}

// packageName returns the npm package with a target's bin/node.
func packageName(t targets.Target) string { return "node-" + t.OS + "-" + t.Node() }

// addUnindexed adds the versions that only the npm registry has.
func (inv *inventory) addUnindexed(found map[string]Release) {
	indexed := map[string]bool{}
	for _, entry := range inv.evidence.Index {
		indexed[entry.Version.String()] = true
	}
	for _, t := range inv.policy.Targets {
		for _, version := range slices.SortedFunc(maps.Keys(inv.evidence.Packages[t]), byVersion) {
			v := semver.MustParse(version)
			if indexed[version] || int(v.Major()) < inv.policy.FirstLine {
				continue
			}
			if err := inv.addFromRegistry(found, v); err != nil {
				inv.fault("node "+version, err)
			}
			indexed[version] = true
		}
	}
}

func (inv *inventory) addFromRegistry(found map[string]Release, v *semver.Version) error {
	r := Release{Version: v.String(), Verified: ByRegistry, NPMFrom: NPMByLine}
	var below *semver.Version
	for _, entry := range inv.evidence.Index {
		e := entry.Version
		if e.Major() == v.Major() && e.LessThan(v) && (below == nil || e.GreaterThan(below)) {
			below, r.NPM = e, entry.NPM
		}
	}
	if below == nil {
		return fmt.Errorf("the index has no lower version of line %d, so its npm is not known", v.Major())
	}
	for _, t := range inv.policy.Targets {
		if a := inv.registryPin(r.Version, t); a.SHA512 != "" {
			r.Archives = append(r.Archives, a)
		}
	}
	found[r.Version] = r
	return nil
}

// checkOrder drops new versions that were signed before a lower version of
// their line.
func (inv *inventory) checkOrder(found map[string]Release) {
	latest := map[int]Release{} // by line, the latest signed version so far
	for _, version := range slices.SortedFunc(maps.Keys(found), byVersion) {
		r := found[version]
		if r.Verified != ByOpenPGP {
			continue
		}
		was, last := inv.old.release(version), latest[r.line()]
		known := was != nil && was.Verified == ByOpenPGP
		if !known && r.SignedAt < last.SignedAt {
			delete(found, version)
			inv.fault("node "+version, fmt.Errorf("signed on %s, before the lower version %s (%s): the order of a line's versions is that of their signatures",
				r.SignedAt, last.Version, last.SignedAt))
			continue
		}
		if r.SignedAt > last.SignedAt {
			latest[r.line()] = r
		}
	}
}

func byVersion(a, b string) int { return semver.MustParse(a).Compare(semver.MustParse(b)) }

// lines returns the release lines of the releases, and the LTS lines before the
// policy's first, whose names projects still use. It drops releases of lines
// that are not in the schedule: without an end of life there could be no
// warning.
func (inv *inventory) lines(found map[string]Release) []Line {
	known := map[int]Line{}
	for _, line := range append(slices.Clone(inv.old.Lines), inv.evidence.Schedule...) {
		known[line.Line] = line
	}
	wanted := map[int]Line{}
	for _, version := range slices.SortedFunc(maps.Keys(found), byVersion) {
		r := found[version]
		line, ok := known[r.line()]
		if !ok {
			delete(found, version)
			inv.fault("node "+version, fmt.Errorf("the schedule has no line v%d", r.line()))
			continue
		}
		wanted[line.Line] = line
	}
	for number, line := range known {
		if number < inv.policy.FirstLine && line.Codename != "" {
			wanted[number] = line
		}
	}
	return slices.Collect(maps.Values(wanted))
}
