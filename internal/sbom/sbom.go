// Package sbom writes a software bill of materials (SBOM) for a list of
// components, in the three formats of buildpacks: CycloneDX, SPDX and Syft
// (Buildpack API 0.7 and later, "Software-Bill-of-Materials").
//
// It links no scanner: the callers know what they install. The same document
// always gives the same bytes. Nothing depends on the clock: where a format
// requires a time it gets [Created], and a unique id is derived from the
// content.
package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Created is the creation time in every document: the lifecycle's time of files
// in layers.
const Created = "1980-01-01T00:00:01Z"

// tool is the creator in the documents.
const tool = "armature"

// Type is the kind of a component, in CycloneDX's terms.
type Type string

// The types there are.
const (
	Library         Type = "library" // also the meaning of an empty Type
	Application     Type = "application"
	Framework       Type = "framework"
	OperatingSystem Type = "operating-system" // at most one in a document: Syft's "distro"
	File            Type = "file"
)

var types = []Type{Library, Application, Framework, OperatingSystem, File}

// Component is an installed component.
type Component struct {
	Type    Type   // empty is [Library]
	Name    string // never empty; with its scope where it has one: "express", "@babel/core"
	Version string // never empty, as the ecosystem writes it
	PURL    string // package URL, percent-encoded ([NPMPURL], [DebPURL]); may be empty
	CPE     string // in the 2.3 binding, "cpe:2.3:a:…"; may be empty

	// Licenses are SPDX ids or expressions, all of which apply. Others (npm's
	// "UNLICENSED", "SEE LICENSE IN …") are kept as names.
	Licenses []string

	// Checksums are those of the component's archive: algorithm ("md5", "sha1",
	// "sha256", "sha384", "sha512") to hexadecimal digits. Syft's format has no
	// field for them.
	Checksums map[string]string

	// Development marks a component that only development needs (npm's
	// devDependencies): scope "excluded" in CycloneDX, DEV_DEPENDENCY_OF in
	// SPDX. Syft's format has no field for it.
	Development bool

	variant string // distinguishes it from another one with the same PURL, see [Document.Settled]
}

// Document is an SBOM: its subject and the subject's components. Components are
// the same if their PURL is or, without one, their type, name and version. A
// component may be listed several times: its licenses and checksums are merged,
// and it is Development if every mention is. Contradicting mentions are an
// error, unless the document is [Document.Settled].
type Document struct {
	Name       string // of the subject: an app, a layer, an image; never empty
	Version    string // its version, or ""
	Components []Component
}

// Validate returns all faults of a document and its components. If it returns
// nil, all three formats can be written.
func (d Document) Validate() error {
	_, err := d.normalized()
	return err
}

// normalized returns the document's components validated, merged and sorted by
// name, version and id, with all defaults filled in.
func (d Document) normalized() ([]Component, error) {
	errs := []error{checkText("the document's name", d.Name)}
	if d.Version != "" {
		errs = append(errs, checkText("the document's version", d.Version))
	}
	byKey := map[string]*Component{}
	systems := 0
	for i, c := range d.Components {
		c = c.withDefaults()
		if err := c.check(); err != nil {
			errs = append(errs, fmt.Errorf("component %d, %q version %q: %w", i, c.Name, c.Version, err))
			continue
		}
		known, ok := byKey[c.key()]
		if !ok {
			byKey[c.key()] = &c
			if c.Type == OperatingSystem {
				systems++
			}
			continue
		}
		if err := known.contradicts(c); err != nil {
			errs = append(errs, fmt.Errorf("component %d, %q version %q: %w", i, c.Name, c.Version, err))
			continue
		}
		known.unite(c)
	}
	if systems > 1 {
		errs = append(errs, fmt.Errorf("got %d components of type %s, want at most 1", systems, OperatingSystem))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("describing %q as a software bill of materials: %w", d.Name, err)
	}
	return sorted(byKey), nil
}

func sorted(byKey map[string]*Component) []Component {
	all := make([]Component, 0, len(byKey))
	for _, c := range byKey {
		slices.Sort(c.Licenses)
		c.Licenses = slices.Compact(c.Licenses)
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Component) int {
		for _, n := range []int{strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version)} {
			if n != 0 {
				return n
			}
		}
		return strings.Compare(a.key(), b.key())
	})
	return all
}

// withDefaults returns a deep copy of c with defaults filled in.
func (c Component) withDefaults() Component {
	if c.Type == "" {
		c.Type = Library
	}
	licenses := make([]string, 0, len(c.Licenses))
	for _, l := range c.Licenses {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			licenses = append(licenses, l)
		}
	}
	sums := make(map[string]string, len(c.Checksums))
	for algorithm, digits := range c.Checksums {
		sums[algorithm] = strings.ToLower(digits)
	}
	c.Licenses, c.Checksums = licenses, sums
	return c
}

func (c Component) check() error {
	errs := []error{checkText("name", c.Name), checkText("version", c.Version)}
	if !slices.Contains(types, c.Type) {
		errs = append(errs, fmt.Errorf("got type %q, want one of %q", c.Type, types))
	}
	if !c.hasGoodPURL() {
		errs = append(errs, fmt.Errorf("got package URL %q, want one like pkg:npm/%%40scope/name@1.0.0", c.PURL))
	}
	if !c.hasGoodCPE() {
		errs = append(errs, fmt.Errorf("got CPE %q, want one like cpe:2.3:a:nodejs:node.js:24.0.0:*:*:*:*:*:*:*", c.CPE))
	}
	for _, l := range c.Licenses {
		errs = append(errs, checkText("license", l))
	}
	for _, algorithm := range algorithms(c) {
		errs = append(errs, checkSum(algorithm, c.Checksums[algorithm]))
	}
	return errors.Join(errs...)
}

func (c Component) hasGoodPURL() bool { return c.PURL == "" || isPURL(c.PURL) }

func (c Component) hasGoodCPE() bool {
	return c.CPE == "" || strings.HasPrefix(c.CPE, "cpe:2.3:") && !strings.ContainsFunc(c.CPE, unicode.IsSpace)
}

// checkText rejects text that a round trip through JSON would change.
func checkText(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s is empty", what)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s %q is not UTF-8", what, s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s %q has control characters", what, s)
	}
	return nil
}

// algorithms returns the sorted names of the component's checksum algorithms.
func algorithms(c Component) []string { return slices.Sorted(maps.Keys(c.Checksums)) }

// hashes maps the checksum algorithms to the length of their digests, in bytes.
var hashes = map[string]int{"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}

func checkSum(algorithm, digits string) error {
	size, ok := hashes[algorithm]
	if !ok {
		return fmt.Errorf("got checksum algorithm %q, want md5, sha1, sha256, sha384 or sha512", algorithm)
	}
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != size {
		return fmt.Errorf("got %s checksum %q, want %d hexadecimal digits", algorithm, digits, 2*size)
	}
	return nil
}

// key identifies a component.
func (c Component) key() string {
	if c.PURL != "" && c.variant == "" {
		return c.PURL
	}
	if c.variant != "" {
		return c.PURL + "\x00" + c.variant
	}
	return strings.Join([]string{string(c.Type), c.Name, c.Version}, "\x00")
}

// id is the key as 16 hexadecimal digits, for formats whose ids allow little.
func (c Component) id() string { return digest(c.key()) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// contradicts returns an error if another mention of c contradicts it.
func (c Component) contradicts(o Component) error {
	for _, field := range []struct{ what, known, got string }{
		{"type", string(c.Type), string(o.Type)},
		{"name", c.Name, o.Name},
		{"version", c.Version, o.Version},
		{"CPE", c.CPE, o.CPE},
	} {
		if field.known != field.got {
			return fmt.Errorf("listed twice, with %s %q and %q", field.what, field.known, field.got)
		}
	}
	for _, algorithm := range algorithms(o) {
		digits := o.Checksums[algorithm]
		if known, ok := c.Checksums[algorithm]; ok && known != digits {
			return fmt.Errorf("listed twice, with %s checksums %s and %s", algorithm, known, digits)
		}
	}
	return nil
}

// unite merges another mention into c.
func (c *Component) unite(o Component) {
	maps.Copy(c.Checksums, o.Checksums)
	c.Licenses = append(c.Licenses, o.Licenses...)
	c.Development = c.Development && o.Development
}
