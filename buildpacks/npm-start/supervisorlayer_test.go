package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"
)

func testSupervisorLayer(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("the layer supervisor", func() {
		it.Before(func() { f.packageJSON(`{"scripts":{"start":"node a.js"}}`) })

		for _, arch := range []string{"arm64", "amd64"} {
			it("has the program of the target: "+arch, func() {
				f.env["CNB_TARGET_ARCH"] = arch
				result, err := f.build()
				Expect(err).NotTo(HaveOccurred())
				Expect(result.Layers[0].Name).To(Equal("supervisor"))
				Expect([]bool{result.Layers[0].Launch, result.Layers[0].Build, result.Layers[0].Cache}).To(Equal([]bool{true, false, false}))
				path := filepath.Join(f.layers, "supervisor", "bin", "supervisor")
				text, err := os.ReadFile(path)
				Expect(err).NotTo(HaveOccurred())
				Expect(string(text)).To(Equal("for " + arch))
				info, err := os.Stat(path)
				Expect(err).NotTo(HaveOccurred())
				Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o755)))
			})
		}

		it("is reused without its content when the program is the same", func() {
			result, err := f.build()
			Expect(err).NotTo(HaveOccurred())
			restore(t, f.layers, result.Layers)
			again, err := f.build()
			Expect(err).NotTo(HaveOccurred())
			for i, layer := range again.Layers {
				Expect(layer.Launch).To(BeTrue())
				Expect(layer.Metadata).To(Equal(result.Layers[i].Metadata))
				Expect(layer.Path).NotTo(BeADirectory())
			}
		})

		it("is made anew for another target", func() {
			result, err := f.build()
			Expect(err).NotTo(HaveOccurred())
			restore(t, f.layers, result.Layers)
			f.env["CNB_TARGET_ARCH"] = "amd64"
			old := filepath.Join(f.layers, "supervisor", "old")
			write(t, old, "")
			_, err = f.build()
			Expect(err).NotTo(HaveOccurred())
			Expect(filepath.Join(f.layers, "supervisor", "bin", "supervisor")).To(BeARegularFile())
			Expect(old).NotTo(BeAnExistingFile())
		})

		it("is an error when the buildpack has none for the target", func() {
			Expect(os.Remove(filepath.Join(f.buildpack, "bin", "linux-arm64", "supervisor"))).To(Succeed())
			_, err := f.build()
			Expect(err).To(MatchError(ContainSubstring("the buildpack has no supervisor for linux/arm64")))
		})
	})
}

// restore leaves of launch layers what the lifecycle restores: the metadata,
// not the content.
func restore(t *testing.T, layersDir string, layers []packit.Layer) {
	t.Helper()
	for _, layer := range layers {
		if err := os.RemoveAll(layer.Path); err != nil {
			t.Fatal(err)
		}
		text := "[metadata]\nsha256 = \"" + layer.Metadata["sha256"].(string) + "\"\n"
		write(t, filepath.Join(layersDir, layer.Name+".toml"), text)
	}
}
