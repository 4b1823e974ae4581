package npminstall_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"
)

// checksumOf is the digest of a package in a lockfile, in hexadecimal.
func checksumOf(t *testing.T, lockfile, place string) string {
	t.Helper()
	text, err := os.ReadFile(lockfile)
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lock.Packages[place].Integrity, "sha512-"))
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum)
}

func testBillOfMaterials(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("the bill of materials", func() {
		// listed gives the packages in a layer's CycloneDX document.
		listed := func(layer packit.Layer) []string {
			Expect(layer.SBOM.Formats()).To(HaveLen(3))
			var document struct {
				Components []struct{ PURL string }
			}
			Expect(json.NewDecoder(layer.SBOM.Formats()[0].Content).Decode(&document)).To(Succeed())
			var all []string
			for _, one := range document.Components {
				all = append(all, one.PURL)
			}
			return all
		}

		production := []string{"pkg:npm/hello@1.0.0", "pkg:npm/word@1.1.0"}

		it("lists production dependencies for the launch, and all for the build", func() {
			f.withLock(simple)
			layers := f.built(buildAndLaunch)
			Expect(listed(layers["launch-modules"])).To(Equal(production))
			Expect(listed(layers["build-modules"])).To(Equal([]string{"pkg:npm/hello@1.0.0", "pkg:npm/tool@2.0.0", "pkg:npm/word@1.1.0"}))
		})

		it("is there when the layer is reused", func() {
			f.withLock(simple)
			f.restore(f.built(launchOnly))
			Expect(os.Remove(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(listed(f.built(launchOnly)["launch-modules"])).To(Equal(production))
		})

		it("lists what is installed without a lockfile", func() {
			writeFiles(t, f.app, simple)
			writeFiles(t, f.app, files{".npmrc": "package-lock=false\n"})
			Expect(listed(f.built(launchOnly)["launch-modules"])).To(Equal(production))
		})

		// everywhere makes all three documents of a layer, as text.
		everywhere := func(layer packit.Layer) string {
			var all bytes.Buffer
			for _, format := range layer.SBOM.Formats() {
				_, err := all.ReadFrom(format.Content)
				Expect(err).NotTo(HaveOccurred())
			}
			return all.String()
		}

		it("tells a fork's archive from the registry's package of the same name and version", func() {
			forks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Write(pack(t, files{"package.json": `{"name":"word","version":"1.0.0"}`, "index.js": "module.exports = 'fork'"}))
			}))
			defer forks.Close()
			at := strings.Replace(forks.URL, "http://", "http://user:pass@", 1) + "/word.tgz?token=abc"
			f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","two":"` + at + `"}}`})
			layer := f.built(launchOnly)["launch-modules"]
			Expect(listed(layer)).To(Equal([]string{
				"pkg:npm/word@1.0.0",
				"pkg:npm/word@1.0.0?checksum=sha512:" + checksumOf(t, filepath.Join(f.app, "package-lock.json"), "node_modules/two") + "&download_url=" + forks.URL + "/word.tgz",
			}))
			Expect(everywhere(layer)).NotTo(Or(ContainSubstring("pass"), ContainSubstring("abc"), ContainSubstring("user:")))
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING: the bill of materials"))
		})

		it("does not end the build when nothing tells two packages apart but their content", func() {
			other := newRegistry(t)
			other.publish("@team/word", "1.0.0", nil, files{"more.js": ""})
			writeFiles(t, f.app, files{
				"package.json": `{"name":"app\u0007","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","word":"1.0.0"}}`,
				"package-lock.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{
					"":{"name":"app","version":"1.0.0","dependencies":{"one":"npm:word@1.0.0","word":"1.0.0"}},
					"node_modules/one":{"name":"word","version":"1.0.0","resolved":"%s/word/-/x--1.0.0.tgz","integrity":"%s"},
					"node_modules/word":{"version":"1.0.0","resolved":"%s/@team/word/-/x--1.0.0.tgz","integrity":"%s"}}}`,
					f.npms.URL, integrity(f.npms.releases["word"]["1.0.0"].tarball), other.URL, integrity(other.releases["@team/word"]["1.0.0"].tarball)),
			})
			layer := f.built(launchOnly)["launch-modules"]
			Expect(listed(layer)).To(ConsistOf(HavePrefix("pkg:npm/word@1.0.0?checksum=sha512:"), HavePrefix("pkg:npm/word@1.0.0?checksum=sha512:")))
			Expect(f.log.String()).To(ContainSubstring(`"word" version "1.0.0" is there 2 times, each with another content`))
		})

		it("has the licence that package.json names where the lockfile names none, also when the layer is reused", func() {
			f.withLock(simple)
			text, err := os.ReadFile(filepath.Join(f.app, "package-lock.json"))
			Expect(err).NotTo(HaveOccurred())
			without := files{"package-lock.json": strings.ReplaceAll(string(text), `"license": "MIT"`, `"license": ""`)}
			writeFiles(t, f.app, without)
			first := f.built(launchOnly)
			bill := everywhere(first["launch-modules"])
			Expect(strings.Count(bill, `"license":{"id":"MIT"}`)).To(Equal(2))
			f.restore(first)
			f.withLock(simple)
			writeFiles(t, f.app, without)
			Expect(os.RemoveAll(filepath.Join(f.app, "node_modules"))).To(Succeed())
			Expect(everywhere(f.built(launchOnly)["launch-modules"])).To(Equal(bill))
			Expect(f.log.String()).To(ContainSubstring("Reusing cached layer " + filepath.Join(f.layersDir, "launch-modules")))
		})

		it("leaves out what is no package, of vendored modules too", func() {
			writeFiles(t, f.app, simple)
			npm(t, f.env, f.app, "install", "--omit=dev")
			writeFiles(t, f.app, files{
				"node_modules/hello/test/node_modules/odd/package.json":    `{"name":"odd\u0000","version":"1.0.0"}`,
				"node_modules/hello/test/node_modules/odder/package.json":  `{"name":"odder","version":"1\n0","license":"a\u0007b"}`,
				"node_modules/hello/test/node_modules/oddest/package.json": `{"name":["x"],"version":{}}`,
				"node_modules/hello/node_modules/x/package.json/file":      "",
			})
			Expect(listed(f.built(launchOnly)["launch-modules"])).To(Equal(production))
			Expect(f.log.String()).To(ContainSubstring(`"odd\x00" version "1.0.0": it is left out: name "odd\x00" has control characters`))
		})

		it("is not made when it is switched off", func() {
			f.withLock(simple)
			f.env = f.env.With("BP_DISABLE_SBOM", "true")
			Expect(f.built(launchOnly)["launch-modules"].SBOM).To(BeNil())
		})
	})
}
