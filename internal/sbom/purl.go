package sbom

import (
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

// NPMPURL returns the package URL of an npm package: "express" or
// "@scope/name", and an exact version. It keeps upper case: the registry has
// old packages that differ from others only in case (package-url/purl-spec,
// type npm).
func NPMPURL(name, version string) string {
	scope, bare, scoped := strings.Cut(name, "/")
	if !scoped {
		scope, bare = "", name
	}
	return packageurl.NewPackageURL(packageurl.TypeNPM, scope, bare, version, nil, "").String()
}

// DebPURL returns the package URL of a Debian package: its version with epoch
// and revision, its architecture as Debian writes it ("arm64", "all"), and the
// distribution as id and version of os-release ("debian-13"), whose id is the
// URL's namespace too (package-url/purl-spec, type deb).
func DebPURL(name, version, arch, distro string) string {
	vendor, _, _ := strings.Cut(distro, "-")
	qualifiers := packageurl.QualifiersFromMap(map[string]string{"arch": arch, "distro": distro})
	return packageurl.NewPackageURL(packageurl.TypeDebian, strings.ToLower(vendor), strings.ToLower(name), version, qualifiers, "").String()
}

// WithQualifiers adds qualifiers, with unencoded values, to a package URL, and
// sorts them by name. It ignores empty values, and returns an invalid package
// URL unchanged.
func WithQualifiers(purl string, add map[string]string) string {
	parsed, err := packageurl.FromString(purl)
	if err != nil {
		return purl
	}
	all := parsed.Qualifiers.Map()
	for name, value := range add {
		if value != "" {
			all[name] = value
		}
	}
	parsed.Qualifiers = packageurl.QualifiersFromMap(all)
	bare, encoded, some := strings.Cut(parsed.String(), "?")
	if !some {
		return bare
	}
	return bare + "?" + dividers.Replace(encoded)
}

// dividers stay unencoded in a qualifier, as in the specification's examples.
var dividers = strings.NewReplacer("%2F", "/", "%40", "@")

// Checksum returns the value of the qualifier checksum: the strongest one,
// "sha512:" and hexadecimal digits. It is empty without checksums.
func Checksum(sums map[string]string) string {
	for _, algorithm := range []string{"sha512", "sha384", "sha256", "sha1", "md5"} {
		if digits := sums[algorithm]; digits != "" {
			return algorithm + ":" + strings.ToLower(digits)
		}
	}
	return ""
}

// isPURL reports whether s is a fully encoded package URL.
func isPURL(s string) bool {
	_, err := packageurl.FromString(s)
	return err == nil && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// purlType returns the type of a package URL, "npm", or "".
func purlType(purl string) string {
	parsed, err := packageurl.FromString(purl)
	if err != nil {
		return ""
	}
	return parsed.Type
}
