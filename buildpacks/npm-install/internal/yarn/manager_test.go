package yarn

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

type files map[string]string

func writeFiles(t *testing.T, dir string, contents files) {
	t.Helper()
	for name, text := range contents {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// inspected returns the manager of an app, and the error of Inspect.
func inspected(t *testing.T, version string, app files) (*manager, error) {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, app)
	pkg, err := packagejson.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := New(environ.List{"HOME=" + t.TempDir()}, scribe.NewEmitter(&bytes.Buffer{}), programs.Request{Manager: "yarn", Version: version}).(*manager)
	_, err = m.Inspect(&modules.Project{App: dir, Dir: dir, Folder: dir, Package: pkg, Root: pkg})
	return m, err
}

const (
	classicLock = "# yarn lockfile v1\n\n\na@^1.0.0:\n  version \"1.0.0\"\n"
	berryLock   = "__metadata:\n  version: 8\n\n\"a@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    a: \"npm:^1.0.0\"\n"
)

// Yarn itself passes over each of these.
func TestPreflight(t *testing.T) {
	for _, tc := range []struct {
		name, version string
		app           files
		id, says      string
	}{
		{"no lockfile", "1.22.22", files{"package.json": `{"dependencies":{"a":"^1.0.0"}}`}, "", ""},
		{"no lockfile, and nothing to lock", "1.22.22", files{"package.json": `{"scripts":{"start":"node a.js"}}`}, "", ""},
		{"another range", "1.22.22", files{"package.json": `{"dependencies":{"a":"^2.0.0"}}`, "yarn.lock": classicLock}, "lockfile-out-of-step", "Missing: a@^2.0.0"},
		{
			"another range in a workspace", "1.22.22",
			files{"package.json": `{"private":true,"workspaces":["w"]}`, "w/package.json": `{"name":"w","devDependencies":{"b":"1"}}`, "yarn.lock": classicLock},
			"lockfile-out-of-step", "Missing: b@1 of w",
		},
		{"another range of Yarn 4", "4.18.1", files{"package.json": `{"name":"app","dependencies":{"a":"^1.0.1"}}`, "yarn.lock": berryLock}, "lockfile-out-of-step", "Missing: a@^1.0.1"},
		{"a merge conflict", "4.18.1", files{"package.json": `{"name":"app"}`, "yarn.lock": berryLock + "<<<<<<< HEAD\n"}, "lockfile-invalid", "merge conflict"},
		{"nothing wrong", "1.22.22", files{"package.json": `{"dependencies":{"a":"^1.0.0"}}`, "yarn.lock": classicLock}, "", ""},
		{"nothing wrong with Yarn 4", "4.18.1", files{"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`, "yarn.lock": berryLock}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := inspected(t, tc.version, tc.app)
			if tc.id == "" && err == nil {
				return
			}
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %s with %q", err, tc.id, tc.says)
			}
		})
	}
}

func TestWhoMayRunScripts(t *testing.T) {
	m, err := inspected(t, "4.18.1", files{
		"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"},"dependenciesMeta":{"yes":{"built":true},"no":{"built":false},"one@npm:1.0.0":{"built":true},"other":{"optional":true}}}`,
		"yarn.lock":    berryLock,
	})
	if err != nil {
		t.Fatal(err)
	}
	pkg := func(name, version string, linked bool) installscripts.Package {
		return installscripts.Package{Linked: linked, Manifest: installscripts.Manifest{Name: name, Version: version}}
	}
	for _, tc := range []struct {
		enabled bool
		pkg     installscripts.Package
		want    bool
	}{
		{false, pkg("yes", "1.0.0", false), true}, {false, pkg("no", "1.0.0", false), false}, {false, pkg("other", "1.0.0", false), false},
		{false, pkg("one", "1.0.0", false), true}, {false, pkg("one", "2.0.0", false), false}, {true, pkg("workspace", "", true), false},
		{true, pkg("no", "1.0.0", false), false}, {true, pkg("other", "1.0.0", false), true},
	} {
		m.facts.EnableScripts = tc.enabled
		rule, err := m.scriptRule(modules.Part{})
		if err != nil {
			t.Fatal(err)
		}
		if got := rule.allows(tc.pkg); got != tc.want {
			t.Errorf("%s@%s with enableScripts %v: got %v", tc.pkg.Manifest.Name, tc.pkg.Manifest.Version, tc.enabled, got)
		}
	}
	classic, err := inspected(t, "1.22.22", files{"package.json": `{"dependencies":{"a":"^1.0.0"}}`, "yarn.lock": classicLock})
	if err != nil {
		t.Fatal(err)
	}
	if rule, err := classic.scriptRule(modules.Part{}); err != nil || !rule.allows(pkg("any", "1.0.0", false)) {
		t.Errorf("Yarn 1: got %v", err)
	}
}

func TestTheKeyHasNoSecretsAndNoPaths(t *testing.T) {
	m, err := inspected(t, "4.18.1", files{
		"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`, "yarn.lock": berryLock,
		".yarnrc.yml": "nodeLinker: node-modules\nnpmAuthToken: s3cret\nnpmRegistryServer: https://me:s3cret@npm.example/\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	m.env = append(m.env, "YARN_NPM_AUTH_TOKEN=s3cret", "YARN_CACHE_FOLDER=/somewhere", "YARN_NODE_LINKER=pnpm", "npm_config_registry=https://u:s3cret@npm.example/")
	key, err := m.Key()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(key.Settings, "\n")
	for _, row := range key.Configuration {
		all += strings.Join(row, "\n")
	}
	for _, bad := range []string{"s3cret", "/somewhere"} {
		if strings.Contains(all, bad) {
			t.Errorf("got %q in %s", bad, all)
		}
	}
	for _, want := range []string{"YARN_NODE_LINKER=pnpm", "nodeLinker: node-modules", "npm_config_registry=https://npm.example/"} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %q in %s", want, all)
		}
	}
	before := all
	writeFiles(t, m.project.Dir, files{".yarn/patches/a.patch": "x"})
	if key, err = m.Key(); err != nil {
		t.Fatal(err)
	}
	after := strings.Join(key.Settings, "\n")
	for _, row := range key.Configuration {
		after += strings.Join(row, "\n")
	}
	if before == after {
		t.Error("a new patch changes nothing")
	}
}

const bundlerLock = `# yarn lockfile v1


"@bundler/darwin-arm64@1.0.0":
  version "1.0.0"
  resolved "https://registry.example/@bundler/darwin-arm64/-/darwin-arm64-1.0.0.tgz#1111111111111111111111111111111111111111"
  integrity sha512-YWJj

"@bundler/linux-arm64@1.0.0":
  version "1.0.0"
  resolved "https://registry.example/@bundler/linux-arm64/-/linux-arm64-1.0.0.tgz#2222222222222222222222222222222222222222"
  integrity sha512-YWJj

bundler@1.0.0:
  version "1.0.0"
  resolved "https://registry.example/bundler/-/bundler-1.0.0.tgz#3333333333333333333333333333333333333333"
  optionalDependencies:
    "@bundler/darwin-arm64" "1.0.0"
    "@bundler/linux-arm64" "1.0.0"
`

func TestStandInsForOtherPlatforms(t *testing.T) {
	m, err := inspected(t, "1.22.22", files{"package.json": `{"dependencies":{"bundler":"1.0.0"}}`, "yarn.lock": bundlerLock})
	if err != nil {
		t.Fatal(err)
	}
	m.cache = &modules.Downloads{Dir: t.TempDir()}
	arm := filepath.Join(m.cache.Dir, "v6", "npm-@bundler-linux-arm64-1.0.0-2222222222222222222222222222222222222222-integrity", "node_modules", "@bundler", "linux-arm64")
	mac := filepath.Join(m.cache.Dir, "v6", "npm-@bundler-darwin-arm64-1.0.0-1111111111111111111111111111111111111111-integrity", "node_modules", "@bundler", "darwin-arm64")
	for _, step := range []struct {
		target targets.Target
		want   []bool // stand-ins of linux-arm64 and darwin-arm64
	}{{targets.LinuxAMD64, []bool{true, true}}, {targets.LinuxARM64, []bool{false, true}}} {
		if err := m.standIn(modules.Part{Target: step.target}); err != nil {
			t.Fatal(err)
		}
		if got := []bool{isStandIn(arm), isStandIn(mac)}; !slices.Equal(got, step.want) {
			t.Errorf("%s: got %v, want %v", step.target, got, step.want)
		}
	}
	entries, _ := os.ReadDir(filepath.Join(m.cache.Dir, "v6"))
	if len(entries) != 1 {
		t.Errorf("got %v: a package that every target needs has a stand-in", entries)
	}
}

func TestBoundsOfTheCacheOfYarn1(t *testing.T) {
	m, err := inspected(t, "1.22.22", files{"package.json": `{"dependencies":{"bundler":"1.0.0"}}`, "yarn.lock": bundlerLock})
	if err != nil {
		t.Fatal(err)
	}
	m.targets = []deps.Platform{deps.PlatformOf(targets.LinuxARM64)}
	dir := t.TempDir()
	writeFiles(t, dir, files{
		"v6/npm-bundler-1.0.0-x/node_modules/bundler/package.json":                     `{"name":"bundler","version":"1.0.0"}`,
		"v6/npm-bundler-1.0.0-x/node_modules/bundler/.yarn-tarball.tgz":                "x",
		"v6/npm-bundler-0.9.0-x/node_modules/bundler/package.json":                     `{"name":"bundler","version":"0.9.0"}`,
		"v6/npm-@bundler-linux-arm64/node_modules/@bundler/linux-arm64/package.json":   `{"name":"@bundler/linux-arm64","version":"1.0.0","os":["linux"],"cpu":["arm64"]}`,
		"v6/npm-@bundler-darwin-arm64/node_modules/@bundler/darwin-arm64/package.json": `{"name":"@bundler/darwin-arm64","version":"1.0.0","os":["` + noPlatform + `"]}`,
		"v6/.tmp/x/file": "x",
	})
	if err := m.BoundDownloads(dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, _ := os.ReadDir(filepath.Join(dir, "v6"))
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if want := []string{"npm-@bundler-linux-arm64", "npm-bundler-1.0.0-x"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "v6/npm-bundler-1.0.0-x/node_modules/bundler/.yarn-tarball.tgz")); err == nil {
		t.Error("the archive is kept beside its files")
	}
}

func TestBoundsOfTheCacheOfYarn4(t *testing.T) {
	lock := berryLock + "\n\"@b/linux-x64@npm:1.0.0\":\n  version: 1.0.0\n  resolution: \"@b/linux-x64@npm:1.0.0\"\n  conditions: os=linux & cpu=x64\n"
	m, err := inspected(t, "4.18.1", files{"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`, "yarn.lock": lock})
	if err != nil {
		t.Fatal(err)
	}
	m.targets = []deps.Platform{deps.PlatformOf(targets.LinuxARM64)}
	dir := t.TempDir()
	writeFiles(t, dir, files{
		"cache/a-npm-1.0.0-0123456789-10c0.zip": "", "cache/a-npm-1.0.1-0123456789-10c0.zip": "", "cache/@b-linux-x64-npm-1.0.0-0123456789-10c0.zip": "",
		"metadata/npm/x.json": "",
	})
	if err := m.BoundDownloads(dir); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	if want := []string{filepath.Join(dir, "cache/a-npm-1.0.0-0123456789-10c0.zip")}; !slices.Equal(left, want) {
		t.Errorf("got %q, want %q", left, want)
	}
}

// Yarn 1 ends with 0 although it could not fetch an optional package.
func TestAnOptionalPackageForTheTargetIsNotLost(t *testing.T) {
	m, err := inspected(t, "1.22.22", files{"package.json": `{"dependencies":{"bundler":"1.0.0"}}`, "yarn.lock": bundlerLock})
	if err != nil {
		t.Fatal(err)
	}
	const output = "[2/4] Fetching packages...\nerror Error: https://registry.example/@bundler/linux-arm64/-/linux-arm64-1.0.0.tgz: Request failed \"503 Service Unavailable\"\n"
	if err := m.lost(modules.Part{Target: targets.LinuxARM64}, output); !errors.Is(err, &failure.Failure{ID: "npm-registry-unreachable"}) {
		t.Errorf("got %v", err)
	}
	if err := m.lost(modules.Part{Target: targets.LinuxAMD64}, output); err != nil {
		t.Errorf("for another target: got %v", err)
	}
}

func TestTheLogLeavesOutNeedlessLines(t *testing.T) {
	var log bytes.Buffer
	q := &quiet{to: &log}
	for _, part := range []string{"one\nwarning Ignored scr", "ipts due to flag.\n➤ YN0077: │ x\ntwo"} {
		if _, err := q.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	q.flush()
	if log.String() != "one\ntwo\n" {
		t.Errorf("got %q", log.String())
	}
}
