package sbom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// isLicenseID reports whether s is on the SPDX License List, current or
// deprecated, in exactly this form.
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

// conjunction returns one expression in which all given licenses apply; name
// converts those that are no expression.
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

// reference returns the id for a license that is not on the SPDX License List.
func reference(license string) string {
	id := sanitize(license)
	if id != license {
		id = strings.Trim(id, "-") + fmt.Sprintf("-%.8s", digest(license))
	}
	return "LicenseRef-" + strings.TrimPrefix(id, "-")
}

// sanitize replaces characters that an SPDX id may not have by dashes.
func sanitize(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
}
