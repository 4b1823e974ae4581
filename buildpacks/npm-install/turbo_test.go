//go:build managers

package npminstall_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	whole "github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

const turboVersion = "2.11.11"

// real are the archives of packages that tests have fetched, by name@version.
var real sync.Map

// publishReal lets the registry have a package of the registry that npm is configured
// for.
func (r *registry) publishReal(name, version string) {
	r.t.Helper()
	text, ok := real.Load(name + "@" + version)
	if !ok {
		text = fetchReal(r.t, name, version)
		real.Store(name+"@"+version, text)
	}
	if r.releases[name] == nil {
		r.releases[name] = map[string]release{}
	}
	r.releases[name][version] = release{manifest: manifestIn(r.t, text.([]byte)), tarball: text.([]byte)}
}

func fetchReal(t *testing.T, name, version string) []byte {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, name+"@"+version)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("got %q, %v", archives, err)
	}
	text, err := os.ReadFile(archives[0])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// manifestIn returns the package.json of a package's archive.
func manifestIn(t *testing.T, archive []byte) (manifest map[string]any) {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(zipped); ; {
		header, err := entries.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, name, _ := strings.Cut(header.Name, "/"); name != "package.json" {
			continue
		}
		if err := json.NewDecoder(entries).Decode(&manifest); err != nil {
			t.Fatal(err)
		}
		return manifest
	}
}

// turborepo is a monorepo with the real Turborepo: two apps share a package, whose
// script needs another task first.
func turborepo(t *testing.T, f *fixture, manager string) files {
	t.Helper()
	f.npms.publishReal("turbo", turboVersion)
	f.npms.publishReal("@turbo/linux-64", turboVersion)
	f.npms.publishReal("@turbo/linux-arm64", turboVersion)
	f.npms.releases["turbo"][turboVersion].manifest["optionalDependencies"] = map[string]string{"@turbo/linux-64": turboVersion, "@turbo/linux-arm64": turboVersion}
	own := "*"
	if manager[:4] == "pnpm" {
		own = "workspace:*"
	}
	app := `{"name":"@x/NAME","version":"1.0.0","dependencies":{"@x/lib":"` + own + `","hello":"^1.0.0"},"scripts":{"build":"node -e \"fs.writeFileSync('dist.js', 'module.exports = 1 + ' + require('@x/lib'))\""}}`
	return files{
		"package.json":          `{"name":"root","private":true,"packageManager":"` + manager + `","workspaces":["apps/*","packages/*"],"devDependencies":{"turbo":"` + turboVersion + `"},"scripts":{"build":"turbo run build"}}`,
		"pnpm-workspace.yaml":   "packages: [apps/*, packages/*]\n",
		"turbo.json":            `{"tasks":{"build":{"dependsOn":["^build","generate"],"outputs":["dist.js"]},"generate":{"outputs":["made.txt"]}}}`,
		".gitignore":            "node_modules\n.turbo\ndist.js\nmade.txt\n",
		"apps/api/package.json": strings.ReplaceAll(app, "NAME", "api"),
		"apps/web/package.json": strings.ReplaceAll(app, "NAME", "web"),
		"packages/lib/package.json": `{"name":"@x/lib","version":"1.0.0","main":"dist.js","scripts":{"generate":"node -e \"fs.writeFileSync('made.txt', process.env.OUTSIDE)\"",` +
			`"build":"node -e \"fs.writeFileSync('dist.js', 'module.exports = ' + fs.readFileSync('made.txt'))\""}}`,
	}
}

// For both targets, the host's Turborepo builds a workspace after what it depends on;
// another project of the same folder takes over what it made; nothing of it is in the
// image.
func TestATurborepoIsBuiltWithTurborepo(t *testing.T) {
	npms, err := exec.Command(tier.Program(t, "npm"), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, manager := range []string{"pnpm@10.34.9", "npm@" + strings.TrimSpace(string(npms))} {
		t.Run(manager, func(t *testing.T) {
			f := newFixture(t)
			app := turborepo(t, f, manager)
			if name, version, _ := strings.Cut(manager, "@"); name == "pnpm" {
				writeFiles(t, f.app, app)
				f.servePNPM(version)
			} else {
				delete(app, "pnpm-workspace.yaml")
				f.withLock(app)
			}
			uploaded := filepath.Join(t.TempDir(), "app")
			f.copy(f.app, uploaded)
			f.env = f.env.With("OUTSIDE", "41") // turbo.json does not name it
			for _, arch := range []string{hostTarget(t).Arch, otherTarget(t).Arch} {
				f.env = f.env.With("CNB_TARGET_ARCH", arch).With("BP_NODE_PROJECT_PATH", "apps/api")
				layers := f.built(launchOnly)
				f.Expect(f.log.String()).To(ContainSubstring("turbo run build --filter=@x/api"))
				f.Expect(f.read("apps/api/dist.js")).To(Equal("module.exports = 1 + 41"))
				f.Expect(layers["task-cache"].Cache).To(BeTrue())
				left, err := filepath.Glob(filepath.Join(f.app, "*/*/.turbo"))
				f.Expect(left, err).To(BeEmpty())
				f.Expect(filepath.Join(f.app, ".turbo")).NotTo(BeADirectory())
				f.Expect(f.modules("launch-modules", "turbo")).NotTo(BeADirectory())

				f.restore(layers)
				f.Expect(whole.Remove(f.app)).To(Succeed())
				f.copy(uploaded, f.app)
				f.env = f.env.With("BP_NODE_PROJECT_PATH", "apps/web")
				f.built(launchOnly)
				f.Expect(f.log.String()).To(MatchRegexp(`@x/lib:build:.*cache hit`))
				f.Expect(f.read("apps/web/dist.js")).To(Equal("module.exports = 1 + 41"))

				for _, dir := range []string{f.app, f.layersDir} {
					f.Expect(whole.Remove(dir)).To(Succeed())
				}
				f.Expect(os.Mkdir(f.layersDir, 0o755)).To(Succeed())
				f.copy(uploaded, f.app)
			}
		})
	}
}
