package sbom_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/sbom"
)

func TestSettledDocumentsCanBeMade(t *testing.T) {
	sum := func(digits string) map[string]string { return map[string]string{"sha256": strings.Repeat(digits, 32)} }
	ms := func(change func(*sbom.Component)) sbom.Component {
		c := sbom.Component{Name: "ms", Version: "2.1.3", PURL: sbom.NPMPURL("ms", "2.1.3")}
		if change != nil {
			change(&c)
		}
		return c
	}
	for _, tc := range []struct {
		name       string
		components []sbom.Component
		count      int
		says       string
	}{
		{"what is right already", []sbom.Component{ms(nil)}, 1, ""},
		{"the same twice", []sbom.Component{ms(nil), ms(nil)}, 1, ""},
		{"a checksum known once", []sbom.Component{ms(nil), ms(func(c *sbom.Component) { c.Checksums = sum("00") })}, 1, ""},
		{"two contents", []sbom.Component{ms(func(c *sbom.Component) { c.Checksums = sum("00") }), ms(func(c *sbom.Component) { c.Checksums = sum("11") })}, 2, "is there 2 times"},
		{"two contents without a package URL", []sbom.Component{
			{Name: "a", Version: "1", Checksums: sum("00")}, {Name: "a", Version: "1", Checksums: sum("11")},
		}, 2, "is there 2 times"},
		{"one package URL for two names", []sbom.Component{ms(nil), ms(func(c *sbom.Component) { c.Name = "other" })}, 2, "is there 2 times"},
		{"a name with a bell", []sbom.Component{ms(func(c *sbom.Component) { c.Name = "m\as" })}, 0, "control characters"},
		{"a version of two lines", []sbom.Component{ms(func(c *sbom.Component) { c.Version = "2\n1" })}, 0, "control characters"},
		{"a name that is no UTF-8", []sbom.Component{ms(func(c *sbom.Component) { c.Name = "\xff" })}, 0, "not UTF-8"},
		{"no version", []sbom.Component{ms(func(c *sbom.Component) { c.Version = "" })}, 0, "version is empty"},
		{"licences of all sorts", []sbom.Component{ms(func(c *sbom.Component) { c.Licenses = []string{"M\x00IT", "\n", "\xff", "a\tb"} })}, 1, ""},
		{"a bad package URL", []sbom.Component{ms(func(c *sbom.Component) { c.PURL = "ms" })}, 1, "package URL"},
		{"a bad CPE", []sbom.Component{ms(func(c *sbom.Component) { c.CPE = "ms" })}, 1, "CPE"},
		{"an unknown type", []sbom.Component{ms(func(c *sbom.Component) { c.Type = "planet" })}, 1, ""},
		{"a checksum of an unknown algorithm and a short one", []sbom.Component{ms(func(c *sbom.Component) { c.Checksums = map[string]string{"sha3": "00", "md5": "00"} })}, 1, "checksum is left out"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			document, said := sbom.Document{Name: "a\x1bp\xffp", Version: "1\n2", Components: tc.components}.Settled()
			if err := document.Validate(); err != nil {
				t.Fatal(err)
			}
			if len(document.Components) != tc.count {
				t.Errorf("got %d components, want %d", len(document.Components), tc.count)
			}
			if all := strings.Join(said, "\n"); !strings.Contains(all, tc.says) || tc.says == "" && all != "" {
				t.Errorf("got the warnings %q, want %q", all, tc.says)
			}
			backwards := slices.Clone(tc.components)
			slices.Reverse(backwards)
			turned, _ := sbom.Document{Name: "a\x1bp\xffp", Version: "1\n2", Components: backwards}.Settled()
			for _, format := range formats {
				text, err := format.make(document)
				if err != nil {
					t.Fatalf("%s: %v", format.name, err)
				}
				if again, err := format.make(turned); err != nil || !bytes.Equal(text, again) {
					t.Errorf("%s depends on the order: got\n%s\nand\n%s", format.name, text, again)
				}
				for _, key := range []string{"bom-ref", "SPDXID", "id"} {
					if twice := repeated(t, text, key); twice != "" {
						t.Errorf("%s has the %s %s twice", format.name, key, twice)
					}
				}
			}
		})
	}
}

// repeated is a value of a key in a document's list of components that stands
// there twice.
func repeated(t *testing.T, document []byte, key string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(document, &all); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range []string{"components", "packages", "artifacts"} {
		var list []map[string]any
		if len(all[name]) == 0 {
			continue
		}
		if err := json.Unmarshal(all[name], &list); err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			value, _ := one[key].(string)
			if value != "" && seen[value] {
				return value
			}
			seen[value] = true
		}
	}
	return ""
}

func TestQualifiers(t *testing.T) {
	for _, tc := range []struct {
		purl string
		add  map[string]string
		want string
	}{
		{"pkg:npm/a@1", nil, "pkg:npm/a@1"},
		{"pkg:npm/a@1", map[string]string{"vcs_url": ""}, "pkg:npm/a@1"},
		{"pkg:npm/a@1", map[string]string{"vcs_url": "git+https://host/o/r.git@0abc"}, "pkg:npm/a@1?vcs_url=git%2Bhttps://host/o/r.git@0abc"},
		{"pkg:npm/a@1", map[string]string{"download_url": "https://host:1/a b?c&d#e.tgz", "checksum": "sha1:00"}, "pkg:npm/a@1?checksum=sha1:00&download_url=https://host:1/a%20b%3Fc%26d%23e.tgz"},
		{"pkg:deb/debian/a@1?arch=all", map[string]string{"distro": "debian-13"}, "pkg:deb/debian/a@1?arch=all&distro=debian-13"},
		{"pkg:npm/a@1?vcs_url=x", map[string]string{"vcs_url": "y"}, "pkg:npm/a@1?vcs_url=y"},
	} {
		if got := sbom.WithQualifiers(tc.purl, tc.add); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}
