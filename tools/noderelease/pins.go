package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// keepPins compares a release in the old lock with the new one, and keeps the
// old pins where they differ.
func (inv *inventory) keepPins(found map[string]Release, was Release, prune bool) {
	if was.line() < inv.policy.FirstLine {
		return
	}
	now, there := found[was.Version]
	if !there {
		if prune {
			return
		}
		found[was.Version] = was
		if !inv.faulted("node " + was.Version) {
			inv.fault("node "+was.Version, fmt.Errorf("it is locked, but no longer upstream; -prune removes it"))
		}
		return
	}
	if was.NPMFrom == NPMByIndex && now.NPMFrom == NPMByIndex && was.NPM != now.NPM {
		found[was.Version] = was
		inv.fault("node "+was.Version, fmt.Errorf("its npm is locked as %s, but upstream now says %s", was.NPM, now.NPM))
		return
	}
	for _, a := range was.Archives {
		if err := inv.comparePins(&now, a, prune); err != nil {
			found[was.Version] = was
			inv.fault("node "+was.Version, err)
			return
		}
	}
}

// comparePins compares one archive, and keeps the ELF data of the same bytes.
func (inv *inventory) comparePins(now *Release, was Archive, prune bool) error {
	if t, err := targets.Parse(was.Target); err != nil || !slices.Contains(inv.policy.Targets, t) {
		return nil // no longer in the policy
	}
	a := now.archive(was.Target)
	if a == nil {
		a = &Archive{}
	}
	for _, pin := range []struct{ what, was, now string }{
		{"the sha256 of its archive", was.SHA256, a.SHA256},
		{"the sha512 of the package " + was.Package, was.SHA512, a.SHA512},
	} {
		switch {
		case pin.was == pin.now || pin.was == "" || pin.now == "" && prune:
		case pin.now == "":
			return fmt.Errorf("%s for %s is locked as %s, but no longer upstream; -prune removes it", pin.what, was.Target, pin.was)
		default:
			return fmt.Errorf("%s for %s is locked as %s, but upstream now says %s", pin.what, was.Target, pin.was, pin.now)
		}
	}
	if was.SHA512 != "" && was.SHA512 == a.SHA512 || was.SHA256 != "" && was.SHA256 == a.SHA256 {
		a.ELF = was.ELF
	}
	return nil
}

func (inv *inventory) faulted(what string) bool {
	return slices.ContainsFunc(inv.faults, func(f Fault) bool { return f.What == what })
}

// npm returns the pins of every release's npm. A missing one is a fault if the
// registry has such a release.
func (inv *inventory) npm(found map[string]Release, prune bool) []NPM {
	pins := map[string]string{}
	for _, version := range slices.SortedFunc(maps.Keys(found), byVersion) {
		r := found[version]
		sum := inv.evidence.NPM[r.NPM]
		if sum != "" {
			pins[r.NPM] = sum
		} else if slices.ContainsFunc(r.Archives, func(a Archive) bool { return a.Package != "" }) && !inv.faulted("npm "+r.NPM) {
			inv.fault("npm "+r.NPM, fmt.Errorf("node %s ships it, but the npm registry does not have it", r.Version))
		}
	}
	for _, was := range inv.old.NPM {
		now := pins[was.Version]
		named := slices.ContainsFunc(slices.Collect(maps.Values(found)), func(r Release) bool { return r.NPM == was.Version })
		switch {
		case !named || now == was.SHA512 || now == "" && prune:
		case now == "":
			pins[was.Version] = was.SHA512 // the fault is noted above, or nothing needs the package
		default:
			pins[was.Version] = was.SHA512
			inv.fault("npm "+was.Version, fmt.Errorf("its sha512 is locked as %s, but upstream now says %s", was.SHA512, now))
		}
	}
	var all []NPM
	for version, sum := range pins {
		all = append(all, NPM{Version: version, SHA512: sum})
	}
	return all
}
