package pnpm

import "github.com/Masterminds/semver/v3"

// version is a version of pnpm.
type version struct{ *semver.Version }

// parseVersion reads an exact version; anything else is an error.
func parseVersion(text string) (version, error) {
	v, err := semver.StrictNewVersion(text)
	return version{v}, err
}

// line is the release line: 10.
func (v version) line() int { return int(v.Major()) }

func (v version) atLeast(major, minor uint64) bool {
	return v.Major() > major || v.Major() == major && v.Minor() >= minor
}

// knowsTargets reports whether install has the flags --cpu, --os and --libc.
func (v version) knowsTargets() bool { return v.atLeast(10, 14) }

// readsFile reports whether settings in pnpm-workspace.yaml count.
func (v version) readsFile() bool { return v.atLeast(10, 5) }

// readsManifest reports whether the field pnpm of package.json counts.
func (v version) readsManifest() bool { return v.Major() < 11 }

// asks reports whether packages' install scripts need the user's consent.
func (v version) asks() bool { return v.Major() >= 10 }

// prefix is that of variables with pnpm's settings.
func (v version) prefix() string {
	if v.Major() >= 11 {
		return "pnpm_config_"
	}
	return "npm_config_"
}
