package sbom

import "strings"

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

// escape percent-encodes what the purl specification does not name as safe:
// letters, digits, ".-_~" and ":".
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; isPlain(c) {
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
