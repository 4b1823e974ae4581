package sbom_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/xeipuuv/gojsonschema"

	"github.com/armature-cnb/armature/internal/sbom"
)

// The schemas are those that the library's module carries.
func TestCycloneDXIsValid(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	loader := gojsonschema.NewSchemaLoader()
	for _, file := range []string{"spdx.schema.json", "jsf-0.82.schemax.json"} {
		url := "http://cyclonedx.org/schema/" + strings.ReplaceAll(file, "schemax", "schema")
		if err := loader.AddSchema(url, schema(t, out, file)); err != nil {
			t.Fatal(err)
		}
	}
	compiled, err := loader.Compile(schema(t, out, "bom-1.5.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []sbom.Document{document(), {Name: "empty"}} {
		content, err := doc.CycloneDX()
		if err != nil {
			t.Fatal(err)
		}
		result, err := compiled.Validate(gojsonschema.NewBytesLoader(content))
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range result.Errors() {
			t.Errorf("%s: %s", doc.Name, problem)
		}
	}
}

func schema(t *testing.T, dir []byte, file string) gojsonschema.JSONLoader {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "schema", file))
	if err != nil {
		t.Fatal(err)
	}
	return gojsonschema.NewBytesLoader(content)
}

func TestCycloneDXReadsBack(t *testing.T) {
	content, err := document().CycloneDX()
	if err != nil {
		t.Fatal(err)
	}
	bom := new(cyclonedx.BOM)
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(content), cyclonedx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	if bom.SpecVersion != cyclonedx.SpecVersion1_5 || bom.Metadata.Timestamp != sbom.Created {
		t.Errorf("got version %s, timestamp %s", bom.SpecVersion, bom.Metadata.Timestamp)
	}
	if got := bom.Metadata.Component; got.Name != document().Name || got.Version != "1.0.0" {
		t.Errorf("got %q %q described", got.Name, got.Version)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(bom.SerialNumber) {
		t.Errorf("got serial number %s", bom.SerialNumber)
	}
	var got []string
	for _, c := range *bom.Components {
		line := []string{string(c.Type), c.Group, c.Name, c.Version, c.PackageURL, string(c.Scope)}
		if c.Licenses != nil {
			for _, l := range *c.Licenses {
				if l.License != nil {
					line = append(line, "id="+l.License.ID, "name="+l.License.Name)
				}
				line = append(line, l.Expression)
			}
		}
		if c.Hashes != nil {
			for _, h := range *c.Hashes {
				line = append(line, string(h.Algorithm), h.Value[:2])
			}
		}
		got = append(got, strings.Join(line, "|"))
	}
	want := []string{
		"library|@babel|core|7.0.0|pkg:npm/%40babel/core@7.0.0|excluded|id=MIT|name=|",
		"library||JSONStream|1.3.5|pkg:npm/JSONStream@1.3.5|required|(MIT OR Apache-2.0)",
		"operating-system||debian|13||required",
		"library||libc6|2.41-12|pkg:deb/debian/libc6@2.41-12?arch=arm64&distro=debian-13|required|" +
			"LicenseRef-Debian-s-own-51005aa2 AND (GPL-2.0-or-later WITH Linux-syscall-note) AND LGPL-2.1-or-later",
		"application||node|24.21.0|pkg:generic/node@v24.21.0|required|id=MIT|name=||SHA-256|0a|SHA-512|0b",
		"library||unlicensed|1||required|LicenseRef-Company AND LicenseRef-UNLICENSED",
		"library||внутренний|0.0.1||required|id=|name=SEE LICENSE IN LICENSE.txt|",
	}
	equalLines(t, got, want)
}

func TestSPDXReadsBack(t *testing.T) {
	content, err := document().SPDX()
	if err != nil {
		t.Fatal(err)
	}
	var doc v2_3.Document
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.SPDXVersion != "SPDX-2.3" || doc.DataLicense != "CC0-1.0" || doc.SPDXIdentifier != "DOCUMENT" || doc.DocumentName != document().Name {
		t.Errorf("got %s, %s, %s, %s", doc.SPDXVersion, doc.DataLicense, doc.SPDXIdentifier, doc.DocumentName)
	}
	if doc.CreationInfo.Created != sbom.Created || doc.CreationInfo.Creators[0] != (common.Creator{CreatorType: "Tool", Creator: "armature"}) {
		t.Errorf("got %+v", doc.CreationInfo)
	}
	if want := "https://github.com/armature-cnb/armature/spdx/cr%C3%A8me%20br%C3%BBl%C3%A9e%20%3Capp%3E%20&%20co-"; !strings.HasPrefix(doc.DocumentNamespace, want) {
		t.Errorf("got namespace %s, want it to begin with %s", doc.DocumentNamespace, want)
	}
	var got []string
	known := map[common.ElementID]string{"DOCUMENT": "document"}
	for _, p := range doc.Packages {
		known[p.PackageSPDXIdentifier] = p.PackageName
		if p.PackageDownloadLocation == "" || p.PackageCopyrightText == "" || p.PackageLicenseConcluded == "" || p.FilesAnalyzed {
			t.Errorf("%s: got %+v", p.PackageName, p)
		}
		line := []string{p.PrimaryPackagePurpose, p.PackageName, p.PackageVersion, p.PackageLicenseDeclared}
		for _, r := range p.PackageExternalReferences {
			line = append(line, r.Category, r.RefType, r.Locator)
		}
		for _, c := range p.PackageChecksums {
			line = append(line, string(c.Algorithm), c.Value[:2])
		}
		got = append(got, strings.Join(line, "|"))
	}
	for _, r := range doc.Relationships {
		got = append(got, fmt.Sprintf("%s %s %s", known[r.RefA.ElementRefID], r.Relationship, known[r.RefB.ElementRefID]))
	}
	for _, l := range doc.OtherLicenses {
		got = append(got, l.LicenseIdentifier+" is "+l.LicenseName)
		if l.ExtractedText == "" {
			t.Errorf("%s: no extracted text", l.LicenseIdentifier)
		}
	}
	name := document().Name
	equalLines(t, got, []string{
		"APPLICATION|" + name + "|1.0.0|NOASSERTION",
		"LIBRARY|@babel/core|7.0.0|MIT|PACKAGE-MANAGER|purl|pkg:npm/%40babel/core@7.0.0",
		"LIBRARY|JSONStream|1.3.5|(MIT OR Apache-2.0)|PACKAGE-MANAGER|purl|pkg:npm/JSONStream@1.3.5",
		"OPERATING-SYSTEM|debian|13|NOASSERTION",
		"LIBRARY|libc6|2.41-12|LicenseRef-Debian-s-own-51005aa2 AND (GPL-2.0-or-later WITH Linux-syscall-note) AND LGPL-2.1-or-later|" +
			"PACKAGE-MANAGER|purl|pkg:deb/debian/libc6@2.41-12?arch=arm64&distro=debian-13",
		"APPLICATION|node|24.21.0|MIT|PACKAGE-MANAGER|purl|pkg:generic/node@v24.21.0|" +
			"SECURITY|cpe23Type|cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*|SHA256|0a|SHA512|0b",
		"LIBRARY|unlicensed|1|LicenseRef-Company AND LicenseRef-UNLICENSED",
		"LIBRARY|внутренний|0.0.1|LicenseRef-SEE-LICENSE-IN-LICENSE.txt-6227fc91",
		"document DESCRIBES " + name,
		"@babel/core DEV_DEPENDENCY_OF " + name,
		name + " CONTAINS JSONStream",
		name + " CONTAINS debian",
		name + " CONTAINS libc6",
		name + " CONTAINS node",
		name + " CONTAINS unlicensed",
		name + " CONTAINS внутренний",
		"LicenseRef-Debian-s-own-51005aa2 is Debian's own",
		"LicenseRef-Company is LicenseRef-Company",
		"LicenseRef-UNLICENSED is UNLICENSED",
		"LicenseRef-SEE-LICENSE-IN-LICENSE.txt-6227fc91 is SEE LICENSE IN LICENSE.txt",
	})
}

func TestSyftReadsBack(t *testing.T) {
	content, err := document().Syft()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Artifacts []map[string]any
		Relations []struct{ Parent, Child, Type string } `json:"artifactRelationships"`
		Source    struct{ ID, Name, Version, Type string }
		Distro    struct{ Name, ID, VersionID string }
		Schema    struct{ Version, URL string }
	}
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Source.Name != document().Name || doc.Distro.ID != "debian" || doc.Distro.VersionID != "13" {
		t.Errorf("got source %+v, distro %+v", doc.Source, doc.Distro)
	}
	if !strings.Contains(doc.Schema.URL, "anchore/syft") || !strings.Contains(doc.Schema.URL, doc.Schema.Version) {
		t.Errorf("got schema %+v, which Syft would not know for its own", doc.Schema)
	}
	required := []string{"id", "name", "version", "type", "foundBy", "locations", "licenses", "language", "cpes", "purl"}
	children := map[string]bool{}
	for _, r := range doc.Relations {
		if r.Parent != doc.Source.ID || r.Type != "contains" {
			t.Errorf("got relationship %+v", r)
		}
		children[r.Child] = true
	}
	var got []string
	for _, a := range doc.Artifacts {
		for _, field := range required {
			if a[field] == nil {
				t.Errorf("%v: %s is missing or null", a["name"], field)
			}
		}
		if !children[a["id"].(string)] {
			t.Errorf("%v: no relationship with the source", a["name"])
		}
		got = append(got, fmt.Sprintf("%v|%v|%v|%v|%v|%d", a["type"], a["language"], a["name"], a["version"], a["purl"], len(a["cpes"].([]any))))
	}
	equalLines(t, got, []string{
		"npm|javascript|@babel/core|7.0.0|pkg:npm/%40babel/core@7.0.0|0",
		"npm|javascript|JSONStream|1.3.5|pkg:npm/JSONStream@1.3.5|0",
		"deb||libc6|2.41-12|pkg:deb/debian/libc6@2.41-12?arch=arm64&distro=debian-13|0",
		"binary||node|24.21.0|pkg:generic/node@v24.21.0|1",
		"UnknownPackage||unlicensed|1||0",
		"UnknownPackage||внутренний|0.0.1||0",
	})
}

// What is an SPDX expression becomes one in Syft's JSON; what is not has only
// its words.
func TestLicenseExpressions(t *testing.T) {
	for license, valid := range map[string]bool{
		"MIT":                      true,
		"GPL-2.0+":                 true,
		"Apache-1.0+":              true,
		"(MIT)":                    true,
		"MIT OR Apache-2.0":        true,
		"(MIT AND (ISC OR 0BSD))":  true,
		"LicenseRef-x":             true,
		"MIT AND LicenseRef-x.y-z": true,
		"GPL-2.0-only WITH Classpath-exception-2.0": true,
		"mit":                               true,  // the case of ids does not count
		"BSD":                               false, // which of them?
		"MIT or ISC":                        false, // operators are upper case
		"MIT OR":                            false,
		"OR MIT":                            false,
		"MIT ISC":                           false,
		"(MIT":                              false,
		"MIT)":                              false,
		"()":                                false,
		"WITH":                              false,
		"GPL-2.0-only WITH MIT":             false, // not an exception
		"Classpath-exception-2.0":           false, // an exception alone
		"LicenseRef-":                       false,
		"LicenseRef-a_b":                    false,
		"DocumentRef-o:LicenseRef-x":        false,
		"MIT OR DocumentRef-o:LicenseRef-x": false,
		"UNLICENSED":                        false,
		"https://example.com/license":       false,
		"MIT OR SEE LICENSE IN LICENSE":     false,
	} {
		t.Run(license, func(t *testing.T) {
			content, err := sbom.Document{Name: "app", Components: []sbom.Component{
				{Name: "a", Version: "1", Licenses: []string{license}},
			}}.Syft()
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(content), `"spdxExpression":""`); got == valid {
				t.Errorf("got %s", content)
			}
		})
	}
}

func equalLines(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
