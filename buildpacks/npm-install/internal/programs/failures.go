package programs

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// invalid is the error for what is neither a version nor a range.
func invalid(manager string, w wish) error {
	return &failure.Failure{
		ID:     "package-manager-version-invalid",
		Cause:  fmt.Sprintf("%s asks for %s %q, which is neither a version nor a range", w.source, manager, w.spec),
		Remedy: fmt.Sprintf("give a version (%s) or a range (^%s).", newest(manager), newest(manager)),
	}
}

// unknown is the error for a range without a release.
func unknown(manager string, w wish) error {
	return &failure.Failure{
		ID:     "package-manager-version-unknown",
		Cause:  fmt.Sprintf("%s asks for %s %s, and no release that this buildpack knows is in that range", w.source, manager, w.spec),
		Remedy: fmt.Sprintf("give another range, or an exact version; the newest that are known: %s.", strings.Join(lines(manager), ", ")),
	}
}

// supported refuses versions older than those of the table.
func supported(r Request, version *semver.Version) error {
	if version.Major() >= managerreleases.Oldest[r.Manager] {
		return nil
	}
	return &failure.Failure{
		ID:    "package-manager-too-old",
		Cause: fmt.Sprintf("%s asks for %s %s, want %d or later", r.Source, r.Manager, version, managerreleases.Oldest[r.Manager]),
		Remedy: fmt.Sprintf("let a newer %s write the lockfile, and name that one; %s names it for the build. The newest that are known: %s.",
			r.Manager, Variables[r.Manager], strings.Join(lines(r.Manager), ", ")),
	}
}

// newest is the newest known release of a manager.
func newest(manager string) string {
	release, _ := managerreleases.Known().Newest(manager)
	return release.Version.String()
}

// lines are the newest releases of each line of a manager.
func lines(manager string) (all []string) {
	last := uint64(0)
	for _, release := range managerreleases.Known() {
		if release.Manager == manager && release.IsComplete() && (len(all) == 0 || release.Version.Major() != last) {
			all, last = append(all, release.Version.String()), release.Version.Major()
		}
	}
	return all
}
