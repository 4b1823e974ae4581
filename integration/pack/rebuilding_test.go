package integration_test

import (
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// rebuilding builds an app again and again, each time with one change more.
func rebuilding(t *testing.T, _ spec.G, it spec.S) {
	it("rebuilds what has changed, and reuses the rest", func() {
		var (
			Expect = gomega.NewWithT(t).Expect
			app    = copyApp(t, "workspaces")
			i      = newImage(t)
		)
		defer i.remove()
		build := func(env map[string]string) (occam.Image, string) {
			built, logs, err := packBuild(targets.LinuxARM64).WithEnv(env).Execute(i.name, app)
			Expect(err).NotTo(HaveOccurred())
			return built, logs.String()
		}
		first, _ := build(nil)
		answers(t, first, "Hello web, again in 1m")

		t.Log("nothing has changed")
		same, _ := build(nil)
		Expect(same.ID).To(Equal(first.ID))

		t.Log("a workspace's source has changed")
		write(t, app, "packages/greeter/greet.js", "module.exports = who => `Good evening ${who}, ${require('ms')(60000)}`")
		source, logs := build(nil)
		Expect(layers(source)).To(Equal(layers(first)))
		Expect(logs).NotTo(ContainSubstring("Installing the packages of the lockfile"))
		answers(t, source, "Good evening web, 1m")

		t.Log("the lockfile has changed")
		npm(t, app, "install", "--package-lock-only", "--workspace", "packages/greeter", "ms@2.1.2")
		locked, logs := build(nil)
		Expect(logs).To(ContainSubstring("Installing the packages of the lockfile"))
		Expect(changed(source, locked)).To(Equal([]string{"armature/npm-install:launch-modules"}))
		answers(t, locked, "Good evening web, 1m")

		t.Log("the version of Node.js has changed, to one that comes over the network from the npm registry")
		other, logs := build(map[string]string{"BP_NODE_VERSION": "22.*", "BP_NODE_SOURCE": "npm"})
		Expect(logs).To(ContainSubstring("Selected Node.js 22."))
		Expect(logs).To(ContainSubstring("Installing the packages of the lockfile"), "native modules may be for one line of Node.js only")
		Expect(changed(locked, other)).To(ContainElement("armature/node-engine:node"))
		answers(t, other, "Good evening web, 1m")
	})
}

// layers are the digests of the layers that buildpacks put into an image, by
// buildpack and name.
func layers(built occam.Image) map[string]string {
	digests := map[string]string{}
	for _, buildpack := range built.Buildpacks {
		for name, layer := range buildpack.Layers {
			if layer.Launch {
				digests[buildpack.Key+":"+name] = layer.SHA
			}
		}
	}
	return digests
}

// changed are the layers of an image that are not the ones of that before.
func changed(before, after occam.Image) []string {
	var names []string
	old := layers(before)
	for name, digest := range layers(after) {
		if old[name] != digest {
			names = append(names, name)
		}
	}
	return names
}
