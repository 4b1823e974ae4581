package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func testBuild(t *testing.T, _ spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	it("starts a plain command without a shell", func() {
		f.packageJSON(`{"scripts":{"start":"node 'a b.js'"}}`)
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("--", "node", "a b.js"))}))
		Expect(f.log.String()).To(ContainSubstring("supervisor -- node 'a b.js'"))
	})

	it("starts a plain command with variables without a shell", func() {
		f.packageJSON(`{"scripts":{"start":"NODE_ENV=production PORT=1 node a.js"}}`)
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("--", "NODE_ENV=production", "PORT=1", "node", "a.js"))}))
	})

	it("starts a script in a shell when it needs one", func() {
		f.packageJSON(`{"scripts":{"start":"PORT=$MY_PORT node a.js"}}`)
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("-event", "start", "-shell", "PORT=$MY_PORT node a.js", "--"))}))
	})

	it("tells a plain command its script's name when that was chosen", func() {
		f.packageJSON(`{"scripts":{"serve":"node a.js"}}`)
		f.env["BP_NPM_START_SCRIPT"] = "serve"
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("-event", "serve", "--", "node", "a.js"))}))
	})

	it("runs the hooks of the script around it", func() {
		f.packageJSON(`{"scripts":{"start":"node a.js","prestart":"echo a","poststart":"echo b"}}`)
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("-event", "start", "-pre", "echo a", "-post", "echo b", "--", "node", "a.js"))}))
	})

	it("runs the hooks of the script that was chosen, as npm does", func() {
		f.packageJSON(`{"scripts":{"serve":"a | b","preserve":"echo a","prestart":"echo wrong"}}`)
		f.env["BP_NPM_START_SCRIPT"] = "serve"
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("-event", "serve", "-pre", "echo a", "-shell", "a | b", "--"))}))
	})

	it("starts in the project's folder", func() {
		write(t, filepath.Join(f.app, "my web", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		f.env["BP_NODE_PROJECT_PATH"] = "my web"
		Expect(f.processes()[0].WorkingDirectory).To(Equal(filepath.Join(f.app, "my web")))
	})

	it("starts a workspace in its folder, with its own commands before the root's", func() {
		f.packageJSON(`{"workspaces":["packages/*"]}`)
		write(t, filepath.Join(f.app, "packages", "a", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		f.env["BP_NODE_PROJECT_PATH"] = "packages/a"
		result, err := f.build()
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Launch.DirectProcesses[0].WorkingDirectory).To(Equal(filepath.Join(f.app, "packages", "a")))
		Expect(filesOf(t, filepath.Join(result.Layers[1].Path, "env.launch"))).To(HaveKeyWithValue("PATH.prepend",
			filepath.Join(f.app, "packages", "a", "node_modules", ".bin")+":"+filepath.Join(f.app, "node_modules", ".bin")))
	})

	it("leads the links of a workspace's root to the launch", func() {
		f.packageJSON(`{"workspaces":["packages/*"]}`)
		write(t, filepath.Join(f.app, "packages", "a", "package.json"), `{"scripts":{"start":"node a.js"}}`)
		links := nodemodules.Links{Build: []string{"node_modules"}, Launch: []string{"node_modules"}}
		modules := t.TempDir()
		Expect(links.Write(modules)).To(Succeed())
		Expect(nodemodules.Link(f.app, modules, links.Build)).To(Succeed())
		f.env["BP_NODE_PROJECT_PATH"], f.env[nodemodules.LaunchLayerVariable] = "packages/a", "/layers/launch"
		_, err := f.build()
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal("/layers/launch/node_modules"))
	})

	it("writes nothing into the app", func() {
		f.packageJSON(`{"scripts":{"start":"./start.sh"}}`)
		write(t, filepath.Join(f.app, "start.sh"), "#!/bin/sh\n")
		Expect(f.processes()).To(Equal([]packit.DirectProcess{f.web(f.supervisor("--", "./start.sh"))}))
		entries, err := os.ReadDir(f.app)
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(HaveLen(2))
		text, err := os.ReadFile(filepath.Join(f.app, "start.sh"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(Equal("#!/bin/sh\n"))
	})

	it("gives the process what npm gives a script", func() {
		f.packageJSON(`{"name":"@s/app","version":"1.2.3","scripts":{"start":"node a.js"},"engines":{"node":">=22"},
			"config":{"port":8080,"list":["a"],"deep":{"x-y":true}}}`)
		result, err := f.build()
		Expect(err).NotTo(HaveOccurred())
		Expect(filesOf(t, filepath.Join(result.Layers[1].Path, "env.launch"))).To(Equal(map[string]string{
			"INIT_CWD.default":                    f.app,
			"PATH.prepend":                        filepath.Join(f.app, "node_modules", ".bin"),
			"PATH.delim":                          ":",
			"npm_lifecycle_event.default":         "start",
			"npm_lifecycle_script.default":        "node a.js",
			"npm_package_config_deep_x-y.default": "true",
			"npm_package_config_list_0.default":   "a",
			"npm_package_config_port.default":     "8080",
			"npm_package_engines_node.default":    ">=22",
			"npm_package_json.default":            filepath.Join(f.app, "package.json"),
			"npm_package_name.default":            "@s/app",
			"npm_package_version.default":         "1.2.3",
		}))
	})

	it("leads node_modules to the modules of the launch", func() {
		f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
		modules := t.TempDir()
		links := nodemodules.Links{Build: []string{"node_modules"}, Launch: []string{"node_modules"}}
		Expect(links.Write(modules)).To(Succeed())
		Expect(nodemodules.Link(f.app, modules, links.Build)).To(Succeed())
		f.env[nodemodules.LaunchLayerVariable] = "/layers/launch-modules"
		f.processes()
		Expect(os.Readlink(filepath.Join(f.app, "node_modules"))).To(Equal("/layers/launch-modules/node_modules"))
	})

	it("refuses a target that nothing is made for", func() {
		f.packageJSON(`{"scripts":{"start":"node a.js"}}`)
		f.env["CNB_TARGET_ARCH"] = "riscv64"
		_, err := f.build()
		Expect(err).To(MatchError(ContainSubstring(`unsupported target "linux/riscv64"`)))
	})
}

// filesOf are the texts of the files in a folder, by their names.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[entry.Name()] = string(text)
	}
	return texts
}
