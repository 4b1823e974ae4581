package sbom

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// nameless is the subject's name if its own is not printable.
const nameless = "app"

// Settled returns a document that all three formats can express, and a line for
// each change. It drops invalid fields of a component, and components without a
// printable name or version. It keeps contradicting mentions as separate
// components, with distinct package URLs if their checksums differ.
func (d Document) Settled() (Document, []string) {
	if d.Name = printable(d.Name); d.Name == "" {
		d.Name = nameless
	}
	d.Version = printable(d.Version)
	var said []string
	groups := map[string][]Component{}
	var keys []string
	for _, c := range d.Components {
		c, lacks := c.withDefaults().settled()
		said = append(said, lacks...)
		if checkText("name", c.Name) != nil || checkText("version", c.Version) != nil {
			continue
		}
		key := c.key()
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], c)
	}
	slices.Sort(keys)
	d.Components = nil
	for _, key := range keys {
		variants := tellApart(groups[key])
		if len(variants) > 1 {
			said = append(said, fmt.Sprintf("%q version %q is there %d times, each with another content", variants[0].Name, variants[0].Version, len(variants)))
		}
		d.Components = append(d.Components, variants...)
	}
	return d, said
}

// settled returns the component without invalid fields, and a line for each of
// those.
func (c Component) settled() (Component, []string) {
	var said []string
	say := func(err error) { said = append(said, fmt.Sprintf("%q version %q: %v", c.Name, c.Version, err)) }
	for _, err := range []error{checkText("name", c.Name), checkText("version", c.Version)} {
		if err != nil {
			say(fmt.Errorf("it is left out: %w", err))
			return c, said
		}
	}
	if !slices.Contains(types, c.Type) {
		c.Type = Library
	}
	if !c.hasGoodPURL() {
		say(fmt.Errorf("its package URL %q is left out", c.PURL))
		c.PURL = ""
	}
	if !c.hasGoodCPE() {
		say(fmt.Errorf("its CPE %q is left out", c.CPE))
		c.CPE = ""
	}
	for i, l := range c.Licenses {
		c.Licenses[i] = printable(l)
	}
	c.Licenses = slices.DeleteFunc(c.Licenses, func(l string) bool { return l == "" })
	for _, algorithm := range algorithms(c) {
		if err := checkSum(algorithm, c.Checksums[algorithm]); err != nil {
			say(fmt.Errorf("a checksum is left out: %w", err))
			delete(c.Checksums, algorithm)
		}
	}
	return c, said
}

// printable returns a text without control characters and invalid UTF-8.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// tellApart merges mentions of a component that agree, and keeps the others
// separate, in an order that does not depend on the input's.
func tellApart(mentions []Component) []Component {
	slices.SortStableFunc(mentions, func(a, b Component) int { return strings.Compare(a.content(), b.content()) })
	var variants []Component
	for _, c := range mentions {
		at := slices.IndexFunc(variants, func(v Component) bool { return v.contradicts(c) == nil })
		if at < 0 {
			variants = append(variants, c)
			continue
		}
		variants[at].unite(c)
	}
	if len(variants) < 2 {
		return variants
	}
	seen := map[string]bool{}
	for i := range variants {
		v := &variants[i]
		if v.PURL != "" && len(v.Checksums) > 0 {
			v.PURL = WithQualifiers(v.PURL, map[string]string{"checksum": Checksum(v.Checksums)})
		}
		if seen[v.key()] {
			v.variant = v.content()
		}
		seen[v.key()] = true
	}
	return variants
}

// content returns all fields in which components of one key can differ, as
// text.
func (c Component) content() string {
	return fmt.Sprintf("%q %q %q %q %q", c.Type, c.Name, c.Version, c.CPE, c.Checksums) // a map's keys come sorted
}
