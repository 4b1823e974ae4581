package sbom

import (
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

// NPMPURL is the package URL of an npm package: "express" or "@scope/name",
// and an exact version. Upper case stays: the registry has old packages that
// differ from others in nothing else (package-url/purl-spec, type npm).
func NPMPURL(name, version string) string {
	scope, bare, scoped := strings.Cut(name, "/")
	if !scoped {
		scope, bare = "", name
	}
	return packageurl.NewPackageURL(packageurl.TypeNPM, scope, bare, version, nil, "").String()
}

// DebPURL is the package URL of a Debian package: its version with epoch and
// revision, its architecture as Debian writes it ("arm64", "all"), and the
// distribution as id and version of os-release ("debian-13"), whose id is the
// URL's namespace too (package-url/purl-spec, type deb).
func DebPURL(name, version, arch, distro string) string {
	vendor, _, _ := strings.Cut(distro, "-")
	qualifiers := packageurl.QualifiersFromMap(map[string]string{"arch": arch, "distro": distro})
	return packageurl.NewPackageURL(packageurl.TypeDebian, strings.ToLower(vendor), strings.ToLower(name), version, qualifiers, "").String()
}

// WithQualifiers adds qualifiers to a package URL, values as they are meant, and
// puts all in the order of their names. One with an empty value is none. What is
// no package URL comes back as it is.
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

// dividers stay as they are in a qualifier, as in the specification's examples:
// nothing is divided there.
var dividers = strings.NewReplacer("%2F", "/", "%40", "@")

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

// isPURL reports whether s is a package URL with nothing left to encode.
func isPURL(s string) bool {
	_, err := packageurl.FromString(s)
	return err == nil && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// purlType is the type of a package URL, "npm", or "" without one.
func purlType(purl string) string {
	parsed, err := packageurl.FromString(purl)
	if err != nil {
		return ""
	}
	return parsed.Type
}
