package integration_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// packages uses the .cnb files with another builder.
func packages(t *testing.T, when spec.G, it spec.S) {
	Expect := gomega.NewWithT(t).Expect

	when("the three buildpacks are named one by one", func() {
		it("builds an app that answers", func() {
			i := newImage(t)
			defer i.remove()
			var names []string
			for _, name := range []string{"node-engine", "npm-install", "npm-start"} {
				names = append(names, filepath.Join(settings.packages, fmt.Sprintf("armature_%s-%s.cnb", name, settings.version)))
			}
			built, _, err := packBuild(targets.LinuxARM64).
				WithBuildpacks(names...).
				WithAdditionalBuildArgs("--trust-extra-buildpacks").
				Execute(i.name, copyApp(t, "express"))
			Expect(err).NotTo(HaveOccurred())
			answers(t, built, "Hello World!")
		})
	})
}
