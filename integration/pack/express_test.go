package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	. "github.com/paketo-buildpacks/occam/matchers"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// express is the main test: it builds the Express test app, inspects the image,
// and builds it again.
func express(tg targets.Target) func(*testing.T, spec.G, spec.S) {
	return func(t *testing.T, _ spec.G, it spec.S) {
		it("builds an image of the target that answers and stays the same", func() {
			var (
				Expect     = gomega.NewWithT(t).Expect
				Eventually = gomega.NewWithT(t).Eventually
				docker     = occam.NewDocker()
			)
			first, second := newImage(t), newImage(t)
			defer first.remove()
			defer second.remove()
			app := copyApp(t, "express")
			sboms := t.TempDir()

			built, logs, err := packBuild(tg).WithSBOMOutputDir(sboms).Execute(first.name, app)
			Expect(err).NotTo(HaveOccurred())

			t.Log("the platform and labels are the target's")
			inspected := inspect(t, first.name)
			Expect(inspected.OS + "/" + inspected.Architecture).To(Equal(tg.String()))
			Expect(inspected.Config.User).To(Equal("1001:1000"))
			Expect(built.Labels).To(HaveKeyWithValue("io.buildpacks.base.distro.name", "debian"))
			Expect(built.Labels).To(HaveKeyWithValue("io.buildpacks.base.distro.version", "13"))
			Expect(buildpackIDs(t, built)).To(Equal([]string{
				"armature/node-engine", "armature/npm-install", "armature/npm-start"}))

			t.Log("the log says what was chosen and why")
			Expect(logs.String()).To(ContainSubstring("Selected Node.js 24."))

			t.Log("every buildpack that makes a layer with software lists it")
			for _, name := range []string{"armature_node-engine", "armature_npm-install"} {
				found, err := filepath.Glob(filepath.Join(sboms, "sbom", "launch", name, "*", "sbom.cdx.json"))
				Expect(err).NotTo(HaveOccurred())
				Expect(found).NotTo(BeEmpty(), "no CycloneDX list from "+name)
			}
			Expect(componentNames(t, sboms, "armature_npm-install")).To(ContainElement("express"))
			Expect(componentNames(t, sboms, "armature_node-engine")).To(ContainElement(MatchRegexp("(?i)node")))

			t.Log("every program and library in the image is the target's")
			wrong, right := elfFiles(t, built, tg)
			Expect(wrong).To(BeEmpty())
			Expect(right).To(ContainElements("cnb/lifecycle/launcher", ContainSubstring("bin/node")))

			t.Log("it answers, as an ordinary user, on a read-only root file system without a writable tmp")
			container, err := docker.Container.Run.WithReadOnly().WithPublish("3000").Execute(built.ID)
			Expect(err).NotTo(HaveOccurred())
			defer docker.Container.Remove.Execute(container.ID)
			Eventually(container).Should(Serve("Hello World!").OnPort(3000))
			Expect(processUser(t, container.ID)).To(Equal("1001"))

			t.Log("an app that does nothing about signals ends as a terminated program, it is not killed")
			dockerOutput(t, "stop", container.ID)
			Expect(exitStatus(t, container)).To(Equal(128 + 15))

			t.Log("a rebuild without change reuses every layer and gives the same image")
			rebuilt, logs, err := packBuild(tg).Execute(first.name, app)
			Expect(err).NotTo(HaveOccurred())
			Expect(rebuilt.ID).To(Equal(built.ID))
			Expect(logs.String()).To(ContainSubstring("Reusing layer 'armature/node-engine:node'"))
			Expect(logs.String()).To(ContainSubstring("Reusing layer 'armature/npm-install:launch-modules'"))
			Expect(logs.String()).NotTo(ContainSubstring("Adding layer"))

			t.Log("a build elsewhere, without any cache, gives the same image")
			again, _, err := packBuild(tg).Execute(second.name, copyApp(t, "express"))
			Expect(err).NotTo(HaveOccurred())
			Expect(again.ID).To(Equal(built.ID))
		})
	}
}

func buildpackIDs(t *testing.T, i occam.Image) []string {
	t.Helper()
	var metadata struct {
		Buildpacks []struct {
			ID string `json:"id"`
		} `json:"buildpacks"`
	}
	if err := json.Unmarshal([]byte(i.Labels["io.buildpacks.build.metadata"]), &metadata); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, b := range metadata.Buildpacks {
		ids = append(ids, b.ID)
	}
	return ids
}

// componentNames are the names in the CycloneDX lists of a buildpack's launch
// layers, as pack saved them.
func componentNames(t *testing.T, dir, buildpack string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "sbom", "launch", buildpack, "*", "sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var bom struct {
			Components []struct {
				Name string `json:"name"`
			} `json:"components"`
		}
		if err := json.Unmarshal(text, &bom); err != nil {
			t.Fatal(err)
		}
		for _, c := range bom.Components {
			names = append(names, c.Name)
		}
	}
	return names
}
