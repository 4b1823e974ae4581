package yarn

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

// pnpApp is an app with Plug'n'Play, after an install.
var pnpApp = files{
	"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`, "yarn.lock": berryLock,
	".pnp.cjs":                        `"packageLocation": "./.yarn/cache/a-npm-1.0.0-1.zip/node_modules/a/", "packageLocation": "./.yarn/unplugged/b-npm-1/node_modules/b/"`,
	".yarn/cache/a-npm-1.0.0-1.zip":   "",
	".yarn/cache/b-npm-1.0.0-1.zip":   "",
	".yarn/unplugged/b-npm-1/x":       "",
	".yarn/unplugged/c-npm-1/x":       "",
	".yarn/install-state.gz":          "",
	".yarn/releases/yarn-4.18.1.cjs":  "",
	".yarn/patches/a.patch":           "",
	"node_modules/.yarn-state.yml":    "",
	"node_modules/.vite/deps/file.js": "",
}

// left lists the files of Yarn in an app.
func left(t *testing.T, dir string) (all []string) {
	t.Helper()
	for _, pattern := range []string{".yarn/*", ".yarn/*/*", "node_modules/.*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if info, err := os.Stat(file); err == nil && (!info.IsDir() || filepath.Base(filepath.Dir(file)) == "unplugged") {
				rel, _ := filepath.Rel(dir, file)
				all = append(all, rel)
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestTheImageHasOnlyWhatPnPNames(t *testing.T) {
	m, err := inspected(t, "4.18.1", pnpApp)
	if err != nil || !m.isPnP() {
		t.Fatal(m.linker, err)
	}
	if err := errors.Join(m.trimPnP(), m.leaveOut()); err != nil {
		t.Fatal(err)
	}
	want := []string{".yarn/cache/a-npm-1.0.0-1.zip", ".yarn/patches/a.patch", ".yarn/unplugged/b-npm-1"}
	if got := left(t, m.project.Dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	_, launch := m.Environment()
	if got := launch["NODE_OPTIONS.append"]; got != "--require="+m.project.Dir+"/.pnp.cjs" {
		t.Errorf("got the options %q in %v", got, launch)
	}
}

func TestAnAppThatCallsYarnKeepsItsProgram(t *testing.T) {
	m, err := inspected(t, "4.18.1", pnpApp)
	if err != nil {
		t.Fatal(err)
	}
	m.atLaunch = true
	if err := m.leaveOut(); err != nil {
		t.Fatal(err)
	}
	if got := left(t, m.project.Dir); !slices.Contains(got, ".yarn/releases/yarn-4.18.1.cjs") {
		t.Errorf("got %q", got)
	}
}

func TestTheLinker(t *testing.T) {
	for _, tc := range []struct{ name, env, text, want string }{
		{"the default", "", "", "pnp"},
		{"the project's", "", "nodeLinker: node-modules\n", "node-modules"},
		{"the environment's", "pnpm", "nodeLinker: node-modules\n", "pnpm"},
	} {
		m, err := inspected(t, "4.18.1", files{"package.json": `{"name":"app"}`, "yarn.lock": berryLock, ".yarnrc.yml": tc.text})
		if err != nil {
			t.Fatal(err)
		}
		m.env = m.env.With("YARN_NODE_LINKER", tc.env)
		if got, err := m.findLinker(); err != nil || got != tc.want {
			t.Errorf("%s: got %q, %v", tc.name, got, err)
		}
	}
	_, err := inspected(t, "4.18.1", files{"package.json": `{"name":"app"}`, "yarn.lock": berryLock, ".yarnrc.yml": "a: [\n"})
	if !errors.Is(err, &failure.Failure{ID: "yarnrc-invalid"}) {
		t.Errorf("got %v", err)
	}
}

// For another target, the script of a package that has its binaries would replace
// them with the host's.
func TestBinariesOfUnpluggedPackages(t *testing.T) {
	lock := `__metadata:
  version: 8

"@bundler/linux-arm64@npm:1.0.0":
  version: 1.0.0
  resolution: "@bundler/linux-arm64@npm:1.0.0"
  conditions: os=linux & cpu=arm64

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  dependencies:
    bundler: "npm:1.0.0"

"bundler@npm:1.0.0":
  version: 1.0.0
  resolution: "bundler@npm:1.0.0"
  dependencies:
    "@bundler/linux-arm64": "npm:1.0.0"
  dependenciesMeta:
    "@bundler/linux-arm64":
      optional: true
`
	m, err := inspected(t, "4.18.1", files{"package.json": `{"name":"app","dependencies":{"bundler":"1.0.0"}}`, "yarn.lock": lock})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		version string
		target  targets.Target
		want    bool
	}{{"1.0.0", targets.LinuxARM64, true}, {"1.0.0", targets.LinuxAMD64, false}, {"2.0.0", targets.LinuxARM64, false}} {
		if got := m.hasBinaries("bundler", tc.version, deps.PlatformOf(tc.target)); got != tc.want {
			t.Errorf("%s for %s: got %v", tc.version, tc.target, got)
		}
	}
}
