package sbom

import (
	"maps"
	"slices"
	"strings"
)

// NPMPURL is the package URL of an npm package: "express" or "@scope/name",
// and an exact version. Upper case stays: the registry has old packages that
// differ from others in nothing else (package-url/purl-spec, type npm).
func NPMPURL(name, version string) string {
	scope, bare, scoped := strings.Cut(name, "/")
	if !scoped {
		return "pkg:npm/" + escape(name) + "@" + escape(version)
	}
	return "pkg:npm/" + escape(scope) + "/" + escape(bare) + "@" + escape(version)
}

// DebPURL is the package URL of a Debian package: its version with epoch and
// revision, its architecture as Debian writes it ("arm64", "all"), and the
// distribution as id and version of os-release ("debian-13"), whose id is the
// URL's namespace too (package-url/purl-spec, type deb).
func DebPURL(name, version, arch, distro string) string {
	vendor, _, _ := strings.Cut(distro, "-")
	return "pkg:deb/" + escape(strings.ToLower(vendor)) + "/" + escape(strings.ToLower(name)) + "@" + escape(version) +
		"?arch=" + escape(arch) + "&distro=" + escape(distro)
}

// WithQualifiers adds qualifiers to a package URL, values as they are meant, and
// puts all in the order of their names. One with an empty value is none.
func WithQualifiers(purl string, add map[string]string) string {
	bare, known, _ := strings.Cut(purl, "?")
	all := map[string]string{}
	for one := range strings.SplitSeq(known, "&") {
		if name, value, ok := strings.Cut(one, "="); ok {
			all[name] = value
		}
	}
	for name, value := range add {
		if value != "" {
			all[name] = escapeBut(value, "/@")
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, name+"="+all[name])
	}
	if len(pairs) == 0 {
		return bare
	}
	return bare + "?" + strings.Join(pairs, "&")
}

// Checksum is the value of the qualifier checksum: the strongest of them,
// "sha512:" and hexadecimal digits. Empty where there is none.
func Checksum(sums map[string]string) string {
	for _, algorithm := range []string{"sha512", "sha384", "sha256", "sha1", "md5"} {
		if digits := sums[algorithm]; digits != "" {
			return algorithm + ":" + strings.ToLower(digits)
		}
	}
	return ""
}

// escape percent-encodes what the purl specification does not name as safe:
// letters, digits, ".-_~" and ":". In a qualifier "/" and "@" stay, as in the
// specification's examples: nothing divides there.
func escape(s string) string { return escapeBut(s, "") }

func escapeBut(s, safe string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; isPlain(c) || strings.IndexByte(safe, c) >= 0 {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return out.String()
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(".-_~:", c) >= 0
}

// isPURL says whether s has a package URL's scheme, type and name and only
// characters that may stand in one.
func isPURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "pkg:")
	kind, name, found := strings.Cut(rest, "/")
	return ok && found && kind != "" && strings.Trim(name, "/@?#") != "" &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// purlType is the type of a package URL, "npm", or "" without one.
func purlType(purl string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	return kind
}
