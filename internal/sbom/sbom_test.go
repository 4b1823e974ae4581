package sbom_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/sbom"
)

var formats = []struct {
	name string
	make func(sbom.Document) ([]byte, error)
}{
	{"CycloneDX", sbom.Document.CycloneDX},
	{"SPDX", sbom.Document.SPDX},
	{"Syft", sbom.Document.Syft},
}

// document has every field and every awkward name there is.
func document() sbom.Document {
	return sbom.Document{
		Name: "crème brûlée <app> & co", Version: "1.0.0",
		Components: []sbom.Component{
			{
				Type: sbom.Application, Name: "node", Version: "24.21.0", PURL: "pkg:generic/node@v24.21.0",
				CPE: "cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*", Licenses: []string{"MIT"},
				Checksums: map[string]string{"sha256": strings.Repeat("0a", 32), "sha512": strings.Repeat("0B", 64)},
			},
			{Name: "@babel/core", Version: "7.0.0", PURL: sbom.NPMPURL("@babel/core", "7.0.0"), Licenses: []string{"MIT"}, Development: true},
			{Name: "JSONStream", Version: "1.3.5", PURL: sbom.NPMPURL("JSONStream", "1.3.5"), Licenses: []string{"(MIT OR Apache-2.0)"}},
			{Name: "libc6", Version: "2.41-12", PURL: sbom.DebPURL("libc6", "2.41-12", "arm64", "debian-13"),
				Licenses: []string{"LGPL-2.1-or-later", "GPL-2.0-or-later WITH Linux-syscall-note", "Debian's own"}},
			{Name: "внутренний", Version: "0.0.1", Licenses: []string{"SEE LICENSE IN LICENSE.txt"}},
			{Name: "unlicensed", Version: "1", Licenses: []string{"UNLICENSED", "LicenseRef-Company"}},
			{Type: sbom.OperatingSystem, Name: "debian", Version: "13"},
		},
	}
}

func TestSameDocumentSameBytes(t *testing.T) {
	for _, format := range formats {
		t.Run(format.name, func(t *testing.T) {
			want, err := format.make(document())
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				shuffled := document()
				slices.Reverse(shuffled.Components)
				shuffled.Components = append(shuffled.Components, shuffled.Components[0], shuffled.Components[3])
				got, err := format.make(shuffled)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("got\n%s\nwant\n%s", got, want)
				}
			}
		})
	}
}

func TestOtherContentOtherID(t *testing.T) {
	for _, format := range formats[:2] {
		t.Run(format.name, func(t *testing.T) {
			before, err := format.make(document())
			if err != nil {
				t.Fatal(err)
			}
			other := document()
			other.Components = other.Components[1:]
			after, err := format.make(other)
			if err != nil {
				t.Fatal(err)
			}
			if id(before) == id(after) || id(before) == "" {
				t.Errorf("got %q for both", id(before))
			}
		})
	}
}

// id is the UUID in a document.
func id(document []byte) string {
	for _, key := range []string{`"serialNumber":"`, `"documentNamespace":"`} {
		if _, rest, ok := strings.Cut(string(document), key); ok {
			value, _, _ := strings.Cut(rest, `"`)
			return value[len(value)-36:]
		}
	}
	return ""
}

func TestInputIsLeftAlone(t *testing.T) {
	doc := document()
	if _, err := doc.SPDX(); err != nil {
		t.Fatal(err)
	}
	if got := doc.Components[0].Checksums["sha512"]; got != strings.Repeat("0B", 64) {
		t.Errorf("got checksum %s", got)
	}
	if got := doc.Components[3].Licenses[0]; got != "LGPL-2.1-or-later" {
		t.Errorf("got license %s first", got)
	}
}

func TestInvalidDocuments(t *testing.T) {
	ok := sbom.Component{Name: "express", Version: "4.18.1"}
	with := func(change func(*sbom.Component)) sbom.Document {
		c := ok
		change(&c)
		return sbom.Document{Name: "app", Components: []sbom.Component{c}}
	}
	both := func(a, b sbom.Component) sbom.Document {
		return sbom.Document{Name: "app", Components: []sbom.Component{a, b}}
	}
	sum := func(digits string) map[string]string { return map[string]string{"sha256": digits} }
	for _, tc := range []struct {
		name, want string
		document   sbom.Document
	}{
		{"no document name", "the document's name is empty", sbom.Document{}},
		{"a version JSON would alter", "is not UTF-8", sbom.Document{Name: "app", Version: "\xff"}},
		{"no version", "version is empty", with(func(c *sbom.Component) { c.Version = "" })},
		{"no name", "name is empty", with(func(c *sbom.Component) { c.Name = "" })},
		{"a name of two lines", "control characters", with(func(c *sbom.Component) { c.Name = "a\nb" })},
		{"an unknown type", `got type "planet"`, with(func(c *sbom.Component) { c.Type = "planet" })},
		{"a name for a package URL", `got package URL "express"`, with(func(c *sbom.Component) { c.PURL = "express" })},
		{"a package URL without name", "got package URL", with(func(c *sbom.Component) { c.PURL = "pkg:npm/" })},
		{"a package URL with a space", "got package URL", with(func(c *sbom.Component) { c.PURL = "pkg:npm/a b@1" })},
		{"a CPE in the old binding", "got CPE", with(func(c *sbom.Component) { c.CPE = "cpe:/a:nodejs:node.js:24" })},
		{"an unknown algorithm", `got checksum algorithm "crc32"`, with(func(c *sbom.Component) { c.Checksums = map[string]string{"crc32": "00"} })},
		{"a digest that is too short", "want 64 hexadecimal digits", with(func(c *sbom.Component) { c.Checksums = sum("00") })},
		{"a digest in base64", "want 64 hexadecimal digits", with(func(c *sbom.Component) { c.Checksums = sum(strings.Repeat("zz", 32)) })},
		{
			"one package URL for two names", `listed twice, with name "a" and "b"`,
			both(sbom.Component{Name: "a", Version: "1", PURL: "pkg:npm/a@1"}, sbom.Component{Name: "b", Version: "1", PURL: "pkg:npm/a@1"}),
		},
		{
			"two checksums for one component", "listed twice, with sha256 checksums",
			both(sbom.Component{Name: "a", Version: "1", Checksums: sum(strings.Repeat("00", 32))},
				sbom.Component{Name: "a", Version: "1", Checksums: sum(strings.Repeat("11", 32))}),
		},
		{
			"two operating systems", "got 2 components of type operating-system, want at most 1",
			both(sbom.Component{Type: sbom.OperatingSystem, Name: "debian", Version: "13"},
				sbom.Component{Type: sbom.OperatingSystem, Name: "debian", Version: "12"}),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.document.Validate(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Validate: got %v, want it to say %s", err, tc.want)
			}
			for _, format := range formats {
				if out, err := format.make(tc.document); err == nil || out != nil {
					t.Errorf("%s: got %q, %v, want an error and nothing else", format.name, out, err)
				}
			}
			for _, format := range tc.document.Formatter().Formats() {
				if out, err := io.ReadAll(format.Content); err == nil || len(out) > 0 {
					t.Errorf("%s: got %q, %v, want an error before the first byte", format.Extension, out, err)
				}
			}
		})
	}
}

func TestEveryInvalidComponentIsNamed(t *testing.T) {
	err := sbom.Document{Name: "app", Components: []sbom.Component{{Name: "one"}, {Name: "two"}}}.Validate()
	if err == nil || !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), `"two"`) {
		t.Errorf("got %v", err)
	}
}

func TestFormatter(t *testing.T) {
	formatter := document().Formatter()
	for range 2 { // a second call reads from the start again
		given := formatter.Formats()
		for i, extension := range []string{"cdx.json", "spdx.json", "syft.json"} {
			if given[i].Extension != extension {
				t.Errorf("got extension %s, want %s", given[i].Extension, extension)
			}
			want, err := formats[i].make(document())
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(given[i].Content)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: got %s, %v", extension, got, err)
			}
		}
	}
}

func TestPackageURLs(t *testing.T) {
	for _, tc := range []struct{ name, got, want string }{
		{"plain", sbom.NPMPURL("express", "4.18.1"), "pkg:npm/express@4.18.1"},
		{"scoped", sbom.NPMPURL("@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0"},
		{"build metadata", sbom.NPMPURL("a", "1.0.0-rc.1+5"), "pkg:npm/a@1.0.0-rc.1%2B5"},
		{"upper case is another package", sbom.NPMPURL("JSONStream", "1.3.5"), "pkg:npm/JSONStream@1.3.5"},
		{"what old names may hold", sbom.NPMPURL("@s/a!b'(c)*", "1.0.0"), "pkg:npm/%40s/a%21b%27%28c%29%2A@1.0.0"},
		{"unicode", sbom.NPMPURL("ж", "1.0.0"), "pkg:npm/%D0%B6@1.0.0"},
		{"tilde", sbom.NPMPURL("~a", "1.0.0"), "pkg:npm/~a@1.0.0"},
		{"debian", sbom.DebPURL("libc6", "2.41-12", "arm64", "debian-13"), "pkg:deb/debian/libc6@2.41-12?arch=arm64&distro=debian-13"},
		{"epoch and plus", sbom.DebPURL("libstdc++6", "1:2.3+b1~x", "all", "ubuntu-24.04"), "pkg:deb/ubuntu/libstdc%2B%2B6@1:2.3%2Bb1~x?arch=all&distro=ubuntu-24.04"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.got != tc.want {
				t.Errorf("got %s, want %s", tc.got, tc.want)
			}
		})
	}
}
