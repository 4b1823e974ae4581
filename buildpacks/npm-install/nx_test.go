//go:build managers

package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	whole "github.com/armature-cnb/armature/internal/files/tree"
)

// nxMonorepo is a monorepo with the real Nx: two apps share a package, and the root's
// script builds all of them.
func nxMonorepo() files {
	const build = `"scripts":{"build":"node build.js"}`
	app := `{"name":"@x/NAME","version":"1.0.0","main":"dist/index.js","dependencies":{"@x/lib":"*"},` + build + `}`
	const script = `const fs = require("fs"); fs.mkdirSync("dist", { recursive: true }); fs.writeFileSync("dist/index.js", "module.exports = 1 + " + require("@x/lib"))` + "\n"
	return files{
		"package.json":              `{"name":"root","private":true,"workspaces":["apps/*","packages/*"],"devDependencies":{"nx":"22.6.1"},"scripts":{"build":"nx run-many -t build"}}`,
		"nx.json":                   `{"targetDefaults":{"build":{"dependsOn":["^build"],"cache":true,"outputs":["{projectRoot}/dist"]}}}`,
		".gitignore":                "node_modules\n.nx\ndist\n",
		"apps/api/package.json":     strings.ReplaceAll(app, "NAME", "api"),
		"apps/api/build.js":         script,
		"apps/web/package.json":     strings.ReplaceAll(app, "NAME", "web"),
		"apps/web/build.js":         script,
		"packages/lib/package.json": `{"name":"@x/lib","version":"1.0.0","main":"dist/index.js",` + build + `}`,
		"packages/lib/build.js":     `const fs = require("fs"); fs.mkdirSync("dist", { recursive: true }); fs.writeFileSync("dist/index.js", "module.exports = 41")` + "\n",
	}
}

// For both targets, the host's Nx builds the workspaces, each after what it depends on;
// the next build takes over what has not changed; nothing of Nx is in the image.
func TestAnNxMonorepoIsBuiltWithNx(t *testing.T) {
	f := newFixture(t)
	f.useConfiguredRegistry()
	writeFiles(t, f.app, nxMonorepo())
	npm(t, f.env, f.app, "install", "--package-lock-only", "--ignore-scripts", "--no-audit")
	uploaded := filepath.Join(t.TempDir(), "app")
	f.copy(f.app, uploaded)
	for _, arch := range []string{hostTarget(t).Arch, otherTarget(t).Arch} {
		f.env = f.env.With("CNB_TARGET_ARCH", arch)
		layers := f.built(launchOnly)
		f.Expect(f.log.String()).To(ContainSubstring("Successfully ran target build for 3 projects"))
		for _, place := range []string{"apps/api", "apps/web"} {
			f.Expect(f.read(place + "/dist/index.js")).To(Equal("module.exports = 1 + 41"))
		}
		f.Expect(layers["task-cache"].Cache).To(BeTrue())
		f.Expect(layers["task-cache"].Launch).To(BeFalse())
		for _, place := range []string{filepath.Join(f.app, ".nx/cache"), filepath.Join(f.app, ".nx/workspace-data"), f.modules("launch-modules", "nx"), f.modules("launch-modules", "@nx")} {
			f.Expect(place).NotTo(BeAnExistingFile())
		}

		f.restore(layers)
		f.Expect(whole.Remove(f.app)).To(Succeed())
		f.copy(uploaded, f.app)
		writeFiles(t, f.app, files{"apps/web/other.js": "// changed\n"})
		f.built(launchOnly)
		f.Expect(f.log.String()).To(MatchRegexp(`@x/lib:build\s+\[local cache\]`))
		f.Expect(f.log.String()).NotTo(MatchRegexp(`@x/web:build\s+\[local cache\]`))
		f.Expect(f.read("apps/web/dist/index.js")).To(Equal("module.exports = 1 + 41"))

		for _, dir := range []string{f.app, f.layersDir} {
			f.Expect(whole.Remove(dir)).To(Succeed())
		}
		f.Expect(os.Mkdir(f.layersDir, 0o755)).To(Succeed())
		f.copy(uploaded, f.app)
	}
}
