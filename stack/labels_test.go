package stack_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLabels(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		labels := img.config.Config.Labels
		for name, want := range map[string]string{
			"io.buildpacks.base.id":             `io\.github\.armature-cnb\.trixie-` + img.kind,
			"io.buildpacks.base.distro.name":    `debian`,
			"io.buildpacks.base.distro.version": `13`,
			"io.buildpacks.base.version":        `13\.\d+`,
			"io.buildpacks.base.name":           `.+`,
			"io.buildpacks.base.description":    `.+`,
			"io.buildpacks.base.maintainer":     `.+`,
			"io.buildpacks.base.homepage":       `https://.+`,
			"io.buildpacks.base.released":       `20\d\d-[01]\d-[0-3]\d`,
			"io.buildpacks.base.metadata":       `\{"packages":\d+,"suites":\["trixie","trixie-updates","trixie-security"\]\}`,
			"io.buildpacks.rebasable":           map[bool]string{true: `true`, false: ``}[img.kind != "build"],
		} {
			if !regexp.MustCompile("^(?:" + want + ")$").MatchString(labels[name]) {
				t.Errorf("label %s: got %q, want %s", name, labels[name], want)
			}
		}
		// The Platform API, "Target Data".
		if id := labels["io.buildpacks.base.id"]; !regexp.MustCompile(`^[A-Za-z0-9./-]+$`).MatchString(id) {
			t.Errorf("target id: got %q, want letters, digits and . / - only", id)
		}
		for name, value := range labels {
			if n := len(name) + len(value); n > 4096 {
				t.Errorf("label %s has %d bytes, containerd takes no more than 4096", name, n)
			}
		}
	})
}

// installed is how many packages scanners find in the image.
func installed(img image) int {
	n := 0
	for name := range img.files {
		if path.Dir(name) == "var/lib/dpkg/status.d" {
			n++
		}
	}
	return n
}

// The label, where there is one, the SBOM and the files that scanners read must
// tell the same.
func TestPackagesAreListedThreeTimes(t *testing.T) {
	forAllImages(t, func(t *testing.T, img image) {
		var bom struct {
			BomFormat  string
			Components []struct{ Name, Version, Purl string }
		}
		data, err := os.ReadFile(filepath.Join("..", "build", "stack", img.kind+"-"+img.target.Arch+".cdx.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &bom); err != nil {
			t.Fatal(err)
		}
		if n := len(bom.Components); bom.BomFormat != "CycloneDX" || n != installed(img) || n < 9 {
			t.Fatalf("got %s SBOM with %d components, %d packages in /var/lib/dpkg/status.d", bom.BomFormat, n, installed(img))
		}
		label, labelled := img.config.Config.Labels["io.armature.packages"]
		if labelled != (img.kind != "build") {
			t.Errorf("label of packages: got %v, want it where it is short enough for one", labelled)
		}
		var list []struct{ Name, Version string }
		if labelled {
			if err := json.Unmarshal([]byte(label), &list); err != nil || len(list) != len(bom.Components) {
				t.Fatalf("got %d packages in the label, %v, want %d", len(list), err, len(bom.Components))
			}
		}
		for i, p := range bom.Components {
			if !strings.HasPrefix(p.Purl, "pkg:deb/debian/") || !strings.HasSuffix(p.Purl, "&distro=debian-13") {
				t.Errorf("component %d: got %+v", i, p)
			}
			if labelled && (list[i].Name != p.Name || list[i].Version != p.Version) {
				t.Errorf("package %d: got %+v in the label, want %+v", i, list[i], p)
			}
			stanza := string(img.files["var/lib/dpkg/status.d/"+p.Name].content)
			if !strings.Contains(stanza, "Package: "+p.Name+"\n") || !strings.Contains(stanza, "Version: "+p.Version+"\n") {
				t.Errorf("/var/lib/dpkg/status.d/%s: got %q", p.Name, stanza)
			}
			if _, ok := img.resolve("usr/share/doc/" + p.Name + "/copyright"); !ok {
				t.Errorf("/usr/share/doc/%s/copyright is not there", p.Name)
			}
		}
	})
}
