package npminstall

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
)

// keyed is a project of which the key of a layer follows.
type keyed struct {
	*build
	part part
}

func newKeyed(t *testing.T) keyed {
	t.Helper()
	b := &build{dir: t.TempDir(), process: processCI, env: environ.List{"HOME=" + t.TempDir(), "NODE_ENV=production"}, closures: map[bool]deps.Closure{}}
	b.globalConfig = filepath.Join(t.TempDir(), "npmrc")
	b.context.BuildpackInfo.ID, b.context.BuildpackInfo.Version = "armature/npm-install", "1.2.3"
	b.context.TargetDistro.Name, b.context.TargetDistro.Version = "debian", "13"
	b.npm.versions = versions{NPM: "11.0.0", Node: "24.1.0", Modules: "137", NAPI: "10"}
	k := keyed{b, part{layer: launchLayer, target: targets.LinuxARM64}}
	k.write(t, "package.json", `{"name":"app"}`)
	k.write(t, "package-lock.json", "{}")
	k.write(t, "node_modules/a/index.js", "1")
	return k
}

func (k keyed) write(t *testing.T, name, text string) {
	t.Helper()
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(k.dir, name)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (k keyed) key(t *testing.T) keys {
	t.Helper()
	got, err := k.keys(k.part)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A layer whose content could be another one must not be reused, and one that
// could not be must.
func TestTheKeyFollowsFromAllThatALayerDependsOn(t *testing.T) {
	for _, tc := range []struct {
		name   string
		first  func(t *testing.T, k *keyed) // before both
		change func(t *testing.T, k *keyed)
		same   bool
	}{
		{name: "the buildpack's version", change: func(_ *testing.T, k *keyed) { k.context.BuildpackInfo.Version = "1.2.4" }},
		{name: "the process", change: func(_ *testing.T, k *keyed) { k.process = processInstall }},
		{name: "the workspace", change: func(_ *testing.T, k *keyed) { k.workspace = "web"; k.closures[false] = deps.Closure{} }},
		{name: "the layer", change: func(_ *testing.T, k *keyed) { k.part.layer = buildLayer }},
		{name: "the helper at launch", change: func(_ *testing.T, k *keyed) { k.part.relink = true }},
		{name: "the distribution", change: func(_ *testing.T, k *keyed) { k.context.TargetDistro.Version = "12" }},
		{name: "npm", change: func(_ *testing.T, k *keyed) { k.npm.versions.NPM = "11.0.1" }},
		{name: "Node.js", change: func(_ *testing.T, k *keyed) { k.npm.versions.Node = "24.1.1" }},
		{name: "the ABI", change: func(_ *testing.T, k *keyed) { k.npm.versions.Modules = "138" }},
		{name: "Node-API", change: func(_ *testing.T, k *keyed) { k.npm.versions.NAPI = "11" }},
		{name: "a setting of npm's in the environment", change: func(_ *testing.T, k *keyed) { k.env = k.env.With("npm_config_omit", "optional") }},
		{name: "NODE_ENV", change: func(_ *testing.T, k *keyed) { k.env = k.env.With("NODE_ENV", "test") }},
		{name: "NODE_OPTIONS", change: func(_ *testing.T, k *keyed) { k.env = k.env.With("NODE_OPTIONS", "--no-addons") }},
		{name: "any other variable", same: true, change: func(_ *testing.T, k *keyed) { k.env = k.env.With("TERM", "dumb") }},
		{name: "HOME", same: true, change: func(t *testing.T, k *keyed) { k.env = k.env.With("HOME", t.TempDir()) }},
		{name: "what is checked", change: func(_ *testing.T, k *keyed) { k.check = "off" }},
		{name: "what is kept", change: func(_ *testing.T, k *keyed) { k.keepCache = true }},
		{name: "what is checked, of a layer for the build", same: true, first: ofTheBuild, change: func(_ *testing.T, k *keyed) { k.check, k.keepCache = "off", true }},
		{name: "package.json", change: func(t *testing.T, k *keyed) { k.write(t, "package.json", `{}`) }},
		{name: "the lockfile", change: func(t *testing.T, k *keyed) { k.write(t, "package-lock.json", `{"a":1}`) }},
		{name: "the other lockfile", change: func(t *testing.T, k *keyed) { k.write(t, "npm-shrinkwrap.json", `{}`) }},
		{name: "a file of the app", same: true, change: func(t *testing.T, k *keyed) { k.write(t, "index.js", "1") }},
		{name: "the package.json of a folder that is installed", first: withFolder, change: func(t *testing.T, k *keyed) { k.write(t, "lib/package.json", `{"a":1}`) }},
		{name: "a file in such a folder", same: true, first: withFolder, change: func(t *testing.T, k *keyed) { k.write(t, "lib/index.js", `1`) }},
		{name: "the project's configuration", change: func(t *testing.T, k *keyed) { k.write(t, ".npmrc", "omit=optional\n") }},
		{name: "the user's configuration", change: func(t *testing.T, k *keyed) { k.write(t, k.env.Get("HOME")+"/.npmrc", "omit=optional\n") }},
		{name: "the user's configuration, elsewhere", change: func(t *testing.T, k *keyed) {
			path := filepath.Join(t.TempDir(), "rc")
			k.write(t, path, "omit=optional\n")
			k.env = k.env.With("NPM_CONFIG_USERCONFIG", path)
		}},
		{name: "the global configuration", change: func(t *testing.T, k *keyed) { k.write(t, k.globalConfig, "omit=optional\n") }},
		{name: "a token", same: true, first: func(t *testing.T, k *keyed) { k.write(t, ".npmrc", "//r.example.com/:_authToken=a\n") },
			change: func(t *testing.T, k *keyed) { k.write(t, ".npmrc", "//r.example.com/:_authToken=b\n") }},
		{name: "what scripts generated", change: func(_ *testing.T, k *keyed) { k.generated.digest = "1" }},
		{name: "what scripts generated, of a layer for the build", same: true, first: ofTheBuild, change: func(_ *testing.T, k *keyed) { k.generated.digest = "1" }},
		{name: "modules that are made anew", same: true, change: func(t *testing.T, k *keyed) { k.write(t, "node_modules/a/index.js", "2") }},
		{name: "modules of the app's own", first: vendored, change: func(t *testing.T, k *keyed) { k.write(t, "node_modules/a/index.js", "2") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKeyed(t)
			if tc.first != nil {
				tc.first(t, &k)
			}
			before := k.key(t)
			if again := k.key(t); again != before {
				t.Errorf("asked twice: got %v and %v", before, again)
			}
			k.vendored = "" // another build asks
			tc.change(t, &k)
			if after := k.key(t); (after.own == before.own) != tc.same || (after.anyTarget == before.anyTarget) != tc.same {
				t.Errorf("the same: %v and %v, want %v", after.own == before.own, after.anyTarget == before.anyTarget, tc.same)
			}
		})
	}
}

func ofTheBuild(_ *testing.T, k *keyed) { k.part.layer = buildLayer }

func vendored(_ *testing.T, k *keyed) { k.process = processRebuild }

func withFolder(t *testing.T, k *keyed) {
	k.workspace = "web"
	k.closures[false] = deps.Closure{Folders: []string{"lib"}}
	k.write(t, "lib/package.json", "{}")
}

func TestOneKeyIsForAnyPlatform(t *testing.T) {
	k := newKeyed(t)
	before := k.key(t)
	if before.own == before.anyTarget {
		t.Error("the platform does not count")
	}
	k.part.target = targets.LinuxAMD64
	if after := k.key(t); after.own == before.own || after.anyTarget != before.anyTarget {
		t.Errorf("got %v and %v, want that the first differs and the second does not", before, after)
	}
}

// The first part that is installed changes the folder.
func TestVendoredModulesCountAsTheyCame(t *testing.T) {
	k := newKeyed(t)
	k.process = processRebuild
	before := k.key(t)
	k.write(t, "node_modules/a/made.node", "1")
	if after := k.key(t); after != before {
		t.Error("the key changed within a build")
	}
}

func TestAKeyIsOfWhatCouldBeReadAlone(t *testing.T) {
	for name, spoil := range map[string]func(k *keyed) string{
		"a folder in place of the lockfile": func(k *keyed) string {
			path := filepath.Join(k.dir, "npm-shrinkwrap.json")
			os.Mkdir(path, 0o755)
			return "what the layer launch-modules depends on"
		},
		"a folder in place of the configuration": func(k *keyed) string {
			os.Mkdir(filepath.Join(k.dir, ".npmrc"), 0o755)
			return "what the layer launch-modules depends on"
		},
		"no modules of the app's own": func(k *keyed) string {
			k.process = processRebuild
			os.RemoveAll(filepath.Join(k.dir, "node_modules"))
			return "reading the vendored node_modules"
		},
		"a lockfile that is none": func(k *keyed) string {
			k.workspace = "web"
			os.WriteFile(filepath.Join(k.dir, "package-lock.json"), []byte("{"), 0o644)
			return "what the layer launch-modules depends on"
		},
	} {
		k := newKeyed(t)
		want := spoil(&k)
		if got, err := k.keys(k.part); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, want)
		}
	}
}
