package modules

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

// keyed is a project with the key of a layer.
type keyed struct {
	*engine
	fake      *fake
	spec      spec
	generated string
}

func newKeyed(t *testing.T) keyed {
	t.Helper()
	p := &Project{Dir: t.TempDir()}
	f := &fake{project: p, key: Key{Versions: []string{"11.0.0", "24.1.0"}, Settings: []string{"omit=dev"}, Configuration: [][]string{{"the project's", "a=b"}}}}
	e := &engine{project: p, method: Method{Kind: Frozen, Name: "fake way"}, env: environ.List{"NODE_ENV=production"}, manager: f, selection: newSelection(f, p)}
	e.context.BuildpackInfo.ID, e.context.BuildpackInfo.Version = "x/fake-install", "1.2.3"
	e.context.TargetDistro.Name, e.context.TargetDistro.Version = "debian", "13"
	k := keyed{engine: e, fake: f, spec: spec{launch: true, target: targets.LinuxARM64}}
	k.write(t, "package.json", `{"name":"app"}`)
	k.write(t, fakeLock, "{}")
	k.write(t, "node_modules/a/index.js", "1")
	return k
}

func (k keyed) write(t *testing.T, name, text string) {
	t.Helper()
	path := name
	if !filepath.IsAbs(name) {
		path = filepath.Join(k.project.Dir, name)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func (k keyed) key(t *testing.T) keys {
	t.Helper()
	got, err := k.keys(k.spec, k.generated)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// withPlatform gives the build a platform folder.
func withPlatform(t *testing.T, k *keyed) {
	k.context.Platform.Path = filepath.Join(t.TempDir(), "platform")
	k.project.Lock = deps.Graph{File: fakeLock, Version: 1}
}

// withScripted is that, and a package with an install script.
func withScripted(t *testing.T, k *keyed) {
	withPlatform(t, k)
	k.project.Lock.Packages = []deps.Package{{Path: "node_modules/a", HasInstallScript: true}}
}

// A layer must be made again if its content could change, and be reused if not.
func TestTheKeyFollowsFromAllThatALayerDependsOn(t *testing.T) {
	for _, tc := range []struct {
		name   string
		first  func(t *testing.T, k *keyed) // before both
		change func(t *testing.T, k *keyed)
		same   bool
	}{
		{name: "the buildpack's version", change: func(_ *testing.T, k *keyed) { k.context.BuildpackInfo.Version = "1.2.4" }},
		{name: "the buildpack's id", change: func(_ *testing.T, k *keyed) { k.context.BuildpackInfo.ID = "y/fake-install" }},
		{name: "the method", change: func(_ *testing.T, k *keyed) { k.method.Name = "another way" }},
		{name: "the workspace", change: func(_ *testing.T, k *keyed) {
			k.project.Workspace = "web"
			k.selection.closures[false] = deps.Closure{}
		}},
		{name: "the layer", change: func(_ *testing.T, k *keyed) { k.spec.launch = false }},
		{name: "the helper at launch", change: func(_ *testing.T, k *keyed) { k.spec.demand.build = true }},
		{name: "the distribution", change: func(_ *testing.T, k *keyed) { k.context.TargetDistro.Version = "12" }},
		{name: "the distribution's name", change: func(_ *testing.T, k *keyed) { k.context.TargetDistro.Name = "ubuntu" }},
		{name: "a version", change: func(_ *testing.T, k *keyed) { k.fake.key.Versions[1] = "24.1.1" }},
		{name: "a setting of the manager's in the environment", change: func(_ *testing.T, k *keyed) { k.fake.key.Settings = nil }},
		{name: "the manager's configuration", change: func(_ *testing.T, k *keyed) { k.fake.key.Configuration[0][1] = "a=c" }},
		{name: "whose configuration it is", change: func(_ *testing.T, k *keyed) { k.fake.key.Configuration[0][0] = "the user's" }},
		{name: "NODE_ENV", change: func(_ *testing.T, k *keyed) { k.env = k.env.With("NODE_ENV", "test") }},
		{name: "NODE_OPTIONS", change: func(_ *testing.T, k *keyed) { k.env = k.env.With("NODE_OPTIONS", "--no-addons") }},
		{name: "any other variable", same: true, change: func(_ *testing.T, k *keyed) { k.env = k.env.With("TERM", "dumb") }},
		{name: "a variable of the user's that no script reads", same: true, first: withPlatform, change: func(t *testing.T, k *keyed) {
			k.write(t, filepath.Join(k.context.Platform.Path, "env", "CFLAGS"), "-O1")
		}},
		{name: "a variable of the user's that an install script may read", first: withScripted, change: func(t *testing.T, k *keyed) {
			k.write(t, filepath.Join(k.context.Platform.Path, "env", "CFLAGS"), "-O1")
		}},
		{name: "what is checked", change: func(_ *testing.T, k *keyed) { k.settings.check = "off" }},
		{name: "what is kept", change: func(_ *testing.T, k *keyed) { k.settings.keepCache = true }},
		{name: "what is checked, of a layer for the build", same: true, first: ofTheBuild, change: func(_ *testing.T, k *keyed) { k.settings.check, k.settings.keepCache = "off", true }},
		{name: "package.json", change: func(t *testing.T, k *keyed) { k.write(t, "package.json", `{}`) }},
		{name: "the lockfile", change: func(t *testing.T, k *keyed) { k.write(t, fakeLock, `{"a":1}`) }},
		{name: "a file of the app", same: true, change: func(t *testing.T, k *keyed) { k.write(t, "index.js", "1") }},
		{name: "the package.json of a folder that is installed", first: withFolder, change: func(t *testing.T, k *keyed) { k.write(t, "lib/package.json", `{"a":1}`) }},
		{name: "a file in such a folder", same: true, first: withFolder, change: func(t *testing.T, k *keyed) { k.write(t, "lib/index.js", `1`) }},
		{name: "what scripts generated", change: func(_ *testing.T, k *keyed) { k.generated = "1" }},
		{name: "what scripts generated, of a layer for the build", same: true, first: ofTheBuild, change: func(_ *testing.T, k *keyed) { k.generated = "1" }},
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
			k.digests.vendored = "" // the next build
			tc.change(t, &k)
			if after := k.key(t); (after.own == before.own) != tc.same || (after.anyTarget == before.anyTarget) != tc.same {
				t.Errorf("the same: %v and %v, want %v", after.own == before.own, after.anyTarget == before.anyTarget, tc.same)
			}
		})
	}
}

func ofTheBuild(_ *testing.T, k *keyed) { k.spec.launch = false }

func vendored(_ *testing.T, k *keyed) { k.method.Kind = Vendored }

func withFolder(t *testing.T, k *keyed) {
	k.project.Workspace = "web"
	k.selection.closures[false] = deps.Closure{Folders: []string{"lib"}}
	k.write(t, "lib/package.json", "{}")
}

func TestOneKeyIsForAnyPlatform(t *testing.T) {
	k := newKeyed(t)
	before := k.key(t)
	if before.own == before.anyTarget {
		t.Error("the platform does not count")
	}
	k.spec.target = targets.LinuxAMD64
	if after := k.key(t); after.own == before.own || after.anyTarget != before.anyTarget {
		t.Errorf("got %v and %v, want that the first differs and the second does not", before, after)
	}
}

// Installing the first part changes the folder.
func TestVendoredModulesCountAsTheyCame(t *testing.T) {
	k := newKeyed(t)
	k.method.Kind = Vendored
	before := k.key(t)
	k.write(t, "node_modules/a/made.node", "1")
	if after := k.key(t); after != before {
		t.Error("the key changed within a build")
	}
}

func TestAKeyIsOfWhatCouldBeReadAlone(t *testing.T) {
	for name, spoil := range map[string]func(k *keyed) string{
		"a folder in place of the lockfile": func(k *keyed) string {
			path := filepath.Join(k.project.Dir, fakeLock)
			os.Remove(path)
			os.Mkdir(path, 0o755)
			return "what the layer launch-modules depends on"
		},
		"no modules of the app's own": func(k *keyed) string {
			k.method.Kind = Vendored
			os.RemoveAll(filepath.Join(k.project.Dir, "node_modules"))
			return "reading the vendored node_modules"
		},
		"a lockfile that is none": func(k *keyed) string {
			k.project.Workspace = "web"
			os.WriteFile(filepath.Join(k.project.Dir, fakeLock), []byte("{"), 0o644)
			return "what the layer launch-modules depends on"
		},
	} {
		k := newKeyed(t)
		want := spoil(&k)
		if got, err := k.keys(k.spec, k.generated); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, want)
		}
	}
}
