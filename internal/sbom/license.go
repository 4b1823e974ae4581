package sbom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// isLicenseID reports whether s is on the SPDX License List, current or
// deprecated, as it stands.
func isLicenseID(s string) bool {
	for _, find := range []func(string) (bool, string){spdxlicenses.IsActiveLicense, spdxlicenses.IsDeprecatedLicense} {
		if found, id := find(s); found && id == s {
			return true
		}
	}
	return false
}

// isExpression reports whether s is a valid SPDX license expression (SPDX 2.3,
// annex D). Ids of other documents ("DocumentRef-…") are not followed and count
// as invalid.
func isExpression(s string) bool {
	valid, _ := spdxexp.ValidateLicenses([]string{s})
	return valid && !strings.Contains(s, "DocumentRef-")
}

// references returns the ids beginning with "LicenseRef-" in an expression, in
// the order of their names.
func references(expression string) []string {
	ids, err := spdxexp.ExtractLicenses(expression)
	if err != nil {
		return nil
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "LicenseRef-") })
	slices.Sort(ids)
	return ids
}

// conjunction is the one expression that says that every given one applies;
// what is no expression goes through name first.
func conjunction(licenses []string, name func(string) string) string {
	var parts []string
	for _, l := range licenses {
		if !isExpression(l) {
			l = name(l)
		}
		if len(licenses) > 1 && strings.Contains(l, " ") {
			l = "(" + l + ")"
		}
		parts = append(parts, l)
	}
	return strings.Join(parts, " AND ")
}

// reference is the id that stands in an expression for a license the SPDX
// License List does not have.
func reference(license string) string {
	id := sanitize(license)
	if id != license {
		id = strings.Trim(id, "-") + fmt.Sprintf("-%.8s", digest(license))
	}
	return "LicenseRef-" + strings.TrimPrefix(id, "-")
}

// sanitize puts a dash for what may not stand in an SPDX id.
func sanitize(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
}
