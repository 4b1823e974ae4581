package apt

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
)

// What apt's messages mean. The first pattern that matches decides.
var (
	unknown   = regexp.MustCompile(`E: Unable to locate package (\S+)|E: Package '([^']+)' has no installation candidate`)
	noVersion = regexp.MustCompile(`E: Version '([^']+)' for '([^']+)' was not found`)
	conflict  = regexp.MustCompile(`unmet dependencies|held broken packages|Held packages were changed|Unable to correct problems|unsatisfiable|Essential packages were removed`)
	full      = regexp.MustCompile(`No space left on device|Disk quota exceeded|have enough free space`)
	untrusted = regexp.MustCompile(`is not signed|NO_PUBKEY|Missing key|signature|couldn't be verified|[Cc]ertificate|is expired|is not valid yet|no longer signed`)
	absent    = regexp.MustCompile(`does not have a Release file|404\s+Not Found|Unable to find expected entry|doesn't have the component|401\s+Unauthorized|403\s+Forbidden`)
	away      = regexp.MustCompile(`Could not resolve|Could not connect|Unable to connect|Cannot initiate|Connection (failed|refused|reset|timed out)|Temporary failure|Network is unreachable|timed out|Failed to fetch|Hash Sum mismatch|File has unexpected size|50[0-9] `)
)

// fault says what apt's output means, and what to do.
func (a Apt) fault(doing, output string, err error) error {
	lines := said(output)
	switch {
	case unknown.MatchString(output):
		match := unknown.FindStringSubmatch(output)
		return a.unknownPackage(match[1] + match[2])
	case noVersion.MatchString(output):
		match := noVersion.FindStringSubmatch(output)
		return a.unknownVersion(match[2], match[1])
	case conflict.MatchString(output):
		return &failure.Failure{
			ID:     "apt-packages-conflict",
			Cause:  "the packages do not go together, or not with the run image's" + failure.List(lines),
			Remedy: "ask for other versions, or leave one of the packages out. Where the run image's packages are too old, use a newer builder with its run image.",
		}
	case full.MatchString(output):
		return diskfull.Failure(doing, err, "", "--home")
	case untrusted.MatchString(output):
		return &failure.Failure{
			ID:     "apt-archive-untrusted",
			Cause:  doing + ": the archive is not to be trusted" + failure.List(lines),
			Remedy: "check the archive and its keys, and the clock. An archive that is not Debian's needs its keys in a binding of the type " + BindingType + ", a server of your own its authority in one of the type ca-certificates, and a snapshot the option [check-valid-until=no].",
		}
	case absent.MatchString(output):
		return &failure.Failure{
			ID:     "apt-archive-incomplete",
			Cause:  doing + ": the archive does not have what is asked of it" + failure.List(lines),
			Remedy: "check the addresses, suites and components of " + SourcesVariable + " and of bindings of the type " + BindingType + ".",
		}
	case away.MatchString(output):
		return &failure.Failure{
			ID:        "apt-archive-unreachable",
			Cause:     doing + ": the archive cannot be reached" + failure.List(lines),
			Remedy:    "build again later, with a network and with the proxy in http_proxy and https_proxy if there is one; or name a nearer archive with " + SourcesVariable + ".",
			Transient: true,
		}
	}
	return fmt.Errorf("%s: %w; apt says%s", doing, err, failure.List(lines))
}

// said are the lines of an output that say what is wrong: errors, then warnings,
// and those about dependencies.
func said(output string) (lines []string) {
	for _, prefix := range []string{"E:", "Err:", " ", "W:"} {
		for line := range strings.Lines(output) {
			if text := strings.TrimSpace(line); strings.HasPrefix(line, prefix) && text != "" && !slices.Contains(lines, text) {
				lines = append(lines, text)
			}
		}
	}
	return lines
}

// maxSimilar is how many similar names an error lists, and maxDistance how many
// letters may differ.
const (
	maxSimilar  = 5
	maxDistance = 2
)

func (a Apt) unknownPackage(name string) error {
	remedy := "check the name at your archive's search, and that its suites are those that have it"
	if similar := a.similar(context.Background(), name); len(similar) > 0 {
		remedy = "check the name. Similar names are: " + strings.Join(similar, ", ")
	}
	return &failure.Failure{
		ID:     "apt-package-unknown",
		Cause:  fmt.Sprintf("got the package %q, want one of the archive's for linux/%s: %s", name, a.Target.Arch, a.places()),
		Remedy: remedy + ".",
	}
}

// similar returns the names of packages that are most similar to one.
func (a Apt) similar(ctx context.Context, name string) []string {
	type scored struct {
		name     string
		distance int
	}
	var near []scored
	for _, other := range a.available(ctx, "pkgnames") {
		distance := maxDistance + 1
		if difference := len(name) - len(other); -maxDistance <= difference && difference <= maxDistance {
			distance = settings.Distance(name, other)
		}
		if strings.HasPrefix(other, name) || strings.HasSuffix(other, "-"+name) {
			distance = 1
		}
		if distance <= maxDistance && other != name {
			near = append(near, scored{other, distance})
		}
	}
	slices.SortFunc(near, func(x, y scored) int {
		if x.distance != y.distance {
			return x.distance - y.distance
		}
		if len(x.name) != len(y.name) {
			return len(x.name) - len(y.name)
		}
		return strings.Compare(x.name, y.name)
	})
	var names []string
	for _, one := range near[:min(maxSimilar, len(near))] {
		names = append(names, one.name)
	}
	return names
}

func (a Apt) unknownVersion(name, version string) error {
	var versions []string
	for _, line := range a.available(context.Background(), "madison", name) { // name | version | source
		if fields := strings.Split(line, "|"); len(fields) > 1 && !slices.Contains(versions, strings.TrimSpace(fields[1])) {
			versions = append(versions, strings.TrimSpace(fields[1]))
		}
	}
	return &failure.Failure{
		ID:    "apt-version-unknown",
		Cause: fmt.Sprintf("got %s=%s, want a version that the archive has: %s", name, version, strings.Join(versions, ", ")),
		Remedy: "ask for one of these, or name an archive that keeps old versions with " + SourcesVariable + ": Debian's own has only the newest of a release, and security updates replace it. " +
			"A snapshot of the archive keeps them.",
	}
}

func (a Apt) places() string {
	var all []string
	for _, s := range a.Sources {
		all = append(all, s.Place())
	}
	return strings.Join(all, ", ")
}
