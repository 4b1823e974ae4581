package sbom

import (
	_ "embed"
	"fmt"
	"strings"
)

// The ids of the SPDX License List, current and deprecated, and of its
// exceptions, one a line (as in the npm packages spdx-license-ids 3.0.24 and
// spdx-exceptions 2.5.0).
var (
	//go:embed spdx-licenses.txt
	licenseList string
	//go:embed spdx-exceptions.txt
	exceptionList string

	licenseIDs   = lines(licenseList)
	exceptionIDs = lines(exceptionList)
)

func lines(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(text) {
		all[strings.TrimSpace(line)] = true
	}
	return all
}

// isLicenseID says whether s is on the SPDX License List, as it stands.
func isLicenseID(s string) bool { return licenseIDs[s] }

// isExpression says whether s is a valid SPDX license expression (SPDX 2.3,
// annex D; operators are upper case). Ids of other documents ("DocumentRef-…")
// are not followed and count as invalid.
func isExpression(s string) bool {
	p := expression{words: words(s)}
	return p.anyOf() && len(p.words) == 0
}

// references returns the ids beginning with "LicenseRef-" in an expression.
func references(expression string) []string {
	var refs []string
	for _, w := range words(expression) {
		if isReference(w) {
			refs = append(refs, w)
		}
	}
	return refs
}

func words(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

func isReference(s string) bool {
	id, ok := strings.CutPrefix(s, "LicenseRef-")
	return ok && id != "" && sanitize(id) == id
}

// expression is what is left to parse of one.
type expression struct{ words []string }

func (p *expression) anyOf() bool { return p.chain("OR", p.allOf) }
func (p *expression) allOf() bool { return p.chain("AND", p.one) }

func (p *expression) chain(operator string, part func() bool) bool {
	for {
		if !part() {
			return false
		}
		if !p.accept(operator) {
			return true
		}
	}
}

func (p *expression) one() bool {
	if p.accept("(") {
		return p.anyOf() && p.accept(")")
	}
	id := p.next()
	if !isReference(id) && !isLicenseID(id) && !isLicenseID(strings.TrimSuffix(id, "+")) {
		return false
	}
	return !p.accept("WITH") || exceptionIDs[p.next()]
}

func (p *expression) next() string {
	if len(p.words) == 0 {
		return ""
	}
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

// accept takes the next word when it is the one wanted.
func (p *expression) accept(want string) bool {
	if len(p.words) == 0 || p.words[0] != want {
		return false
	}
	p.words = p.words[1:]
	return true
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
		if r < 0x80 && isPlain(byte(r)) && !strings.ContainsRune("_~:", r) {
			return r
		}
		return '-'
	}, s)
}
