package modules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// files are texts by their paths.
type files map[string]string

// fake is a package manager whose lockfile is a [deps.Graph] as JSON. It writes
// node_modules from a table of packages, and records what it is asked for.
type fake struct {
	project *Project
	calls   []string // "install launch linux/arm64", "run build", "lock" …

	packages  map[string]files // beside package.json: what is in each, by name
	key       Key
	kind      Kind
	cache     bool // the app brings downloads along
	unmet     []string
	omits     bool // optional packages
	keepsDev  bool
	locks     deps.Graph                // what WriteLock writes
	run       func(script Script) error // what a script does, in the app
	installed func(part Part) error     // what an install script does
	prepared  packit.BuildContext
}

const (
	fakeLock   = "fake.lock"
	fakeNotes  = ".fake-notes"
	fakeConfig = ".fakerc"
	fakeCache  = "fake-cache"
)

func (f *fake) Words() Words {
	return Words{Name: "fake", CacheLayer: fakeCache, VendoredCache: "vendored-cache", Lockfiles: []string{fakeLock}, Configuration: fakeConfig,
		Notes: []string{fakeNotes}, InstallScripts: []string{"preinstall", "install", "postinstall", "prepare"}, Relock: "lock again"}
}

func readGraph(path string) (g deps.Graph, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return g, false, nil
	}
	return g, err == nil, errors.Join(err, json.Unmarshal(text, &g))
}

func (f *fake) ReadLock(dir string) (deps.Graph, bool, error) {
	return readGraph(filepath.Join(dir, fakeLock))
}

func (f *fake) ReadInstalled(dir string) (deps.Graph, bool) {
	g, found, err := readGraph(filepath.Join(dir, nodemodules.Dir, fakeNotes))
	return g, found && err == nil
}

func (f *fake) Inspect(p *Project) (Method, error) {
	f.project = p
	return Method{Kind: f.kind, Name: "fake way", Cache: f.cache}, nil
}

func (f *fake) Describe() error { return nil }

func (f *fake) Prepare(context packit.BuildContext, downloads *Downloads, atLaunch bool) ([]packit.Layer, error) {
	f.calls = append(f.calls, fmt.Sprintf("prepare at launch %t", atLaunch))
	f.prepared = context
	return nil, downloads.Open()
}

func (f *fake) Key() (Key, error) { return f.key, nil }

func (f *fake) WriteLock() error {
	f.calls = append(f.calls, "lock")
	text, err := json.Marshal(f.locks)
	return errors.Join(err, os.WriteFile(filepath.Join(f.project.Dir, fakeLock), text, 0o644))
}

func (f *fake) Install(part Part) error {
	which := "launch"
	if part.Dev {
		which = "build"
	}
	f.calls = append(f.calls, strings.TrimSpace(fmt.Sprintf("install %s %s %s", which, part.Target, strings.Join(part.Folders, " "))))
	if part.Prune {
		f.calls = append(f.calls, "prune")
	}
	if f.kind != Vendored {
		if err := f.fill(part); err != nil {
			return err
		}
	}
	if f.installed == nil {
		return nil
	}
	return f.installed(part)
}

// fill writes what a part is to have, and notes it.
func (f *fake) fill(part Part) error {
	var notes deps.Graph
	for _, p := range f.project.Lock.Packages {
		if p.Dev && !part.Dev || !p.InNodeModules() || !p.RunsOn(deps.PlatformOf(part.Target)) {
			continue
		}
		notes.Packages = append(notes.Packages, p)
		place := filepath.Join(f.project.Dir, p.Path)
		if p.Link {
			to, err := filepath.Rel(filepath.Dir(place), filepath.Join(f.project.Dir, p.To))
			if err := errors.Join(err, os.MkdirAll(filepath.Dir(place), 0o755), os.Symlink(to, place)); err != nil {
				return err
			}
			continue
		}
		contents := maps.Clone(f.packages[p.Name])
		if contents[packagejson.FileName] == "" {
			contents = maps.Collect(maps.All(contents))
			contents[packagejson.FileName] = fmt.Sprintf(`{"name":%q,"version":%q}`, p.Name, p.Version)
		}
		if err := writeFiles(place, contents); err != nil {
			return err
		}
	}
	text, err := json.Marshal(notes)
	if err != nil || len(notes.Packages) == 0 {
		return err
	}
	return writeFiles(f.project.Dir, files{filepath.Join(nodemodules.Dir, fakeNotes): string(text)})
}

func (f *fake) Unmet() ([]string, error) { return f.unmet, nil }

func (f *fake) OmitsOptional() (bool, error) { return f.omits, nil }

func (f *fake) Repair(gaps []deps.Gap) string { return "lock " + gaps[0].Name + "." }

func (f *fake) Run(script Script) error {
	f.calls = append(f.calls, "run "+script.String())
	if f.run == nil {
		return nil
	}
	return f.run(script)
}

func (f *fake) DevSetting() (string, bool) { return "FAKE_INCLUDE=dev", f.keepsDev }

func (f *fake) SetBuildEnvironment(env packit.Environment) { env.Default("FAKE", "build") }

func (f *fake) SetLaunchEnvironment(env packit.Environment) { env.Default("FAKE", "launch") }

func (f *fake) BoundDownloads(string) error {
	f.calls = append(f.calls, "bound")
	return nil
}

func writeFiles(dir string, contents files) error {
	for path, text := range contents {
		place := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// scene is an app that is built with the fake, once or several times in a row.
type scene struct {
	*fake
	t                     *testing.T
	app, layersDir, image string
	env                   environ.List
	log                   bytes.Buffer
	layers                map[string]packit.Layer // of the last build
	source                files                   // what is uploaded
	version               string                  // of the buildpack
}

// newScene has an app with a lockfile, of which a needs b, and tool is for
// development.
func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, app: t.TempDir(), layersDir: t.TempDir(), image: t.TempDir(), version: "1.0.0",
		env:  environ.List{"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=" + host(t).Arch},
		fake: &fake{kind: Frozen, key: Key{Versions: []string{"1"}}},
	}
	s.source = files{packagejson.FileName: `{"name":"app","version":"1.0.0","dependencies":{"a":"1"},"devDependencies":{"tool":"1"}}`, "index.js": "1"}
	s.locked(
		deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0", Dependencies: map[string]string{"b": "1"}},
		deps.Package{Path: "node_modules/b", Name: "b", Version: "2.0.0"},
		deps.Package{Path: "node_modules/tool", Name: "tool", Version: "3.0.0", Dev: true},
	)
	return s
}

func host(t *testing.T) targets.Target {
	t.Helper()
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// other is the target that this program does not run on.
func other(t *testing.T) targets.Target {
	all := targets.All()
	return all[1-slices.Index(all, host(t))]
}

// locked makes the lockfile.
func (s *scene) locked(packages ...deps.Package) { s.lockedFor(deps.Package{}, packages...) }

func (s *scene) lockedFor(root deps.Package, packages ...deps.Package) {
	s.t.Helper()
	slices.SortFunc(packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
	text, err := json.Marshal(deps.Graph{File: fakeLock, Version: 1, Root: root, Packages: packages})
	if err != nil {
		s.t.Fatal(err)
	}
	s.source[fakeLock] = string(text)
}

// Demands of other buildpacks.
var (
	forLaunch     = wants("launch")
	forBuild      = wants("build")
	forBoth       = wants("build", "launch")
	forBothRelink = wants("build", "launch", nodemodules.RelinksKey)
)

func wants(what ...string) packit.BuildpackPlan {
	metadata := map[string]any{}
	for _, one := range what {
		metadata[one] = true
	}
	return packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{{Name: "node_modules", Metadata: metadata}}}
}

// build uploads the app and builds it, with what the build before left of its
// layers: of those for the launch no more than the metadata.
func (s *scene) build(plan packit.BuildpackPlan) error {
	s.t.Helper()
	s.upload()
	s.calls = nil
	s.log.Reset()
	log := scribe.NewEmitter(&s.log).WithLevel(s.env.Get("BP_LOG_LEVEL"))
	result, err := Build(s.env, log, s.fake)(packit.BuildContext{
		WorkingDir: s.app, CNBPath: "/cnb", Layers: packit.Layers{Path: s.layersDir}, Plan: plan,
		BuildpackInfo: packit.BuildpackInfo{ID: "x/fake-install", Name: "Fake Install", Version: s.version, SBOMFormats: []string{"application/vnd.cyclonedx+json"}},
		TargetDistro:  packit.TargetDistro{Name: "debian", Version: "13"},
	})
	s.layers = map[string]packit.Layer{}
	for _, layer := range result.Layers {
		s.layers[layer.Name] = layer
	}
	return err
}

func (s *scene) upload() {
	s.t.Helper()
	for name, layer := range s.layers {
		var text bytes.Buffer
		err := toml.NewEncoder(&text).Encode(map[string]any{"metadata": layer.Metadata})
		err = errors.Join(err, writeFiles(s.layersDir, files{name + ".toml": text.String()}))
		if layer.Launch {
			err = errors.Join(err, os.RemoveAll(layer.Path))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(s.app)
	for _, entry := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(s.app, entry.Name())))
	}
	if err = errors.Join(err, writeFiles(s.app, s.source)); err != nil {
		s.t.Fatal(err)
	}
}

// built is a build that has to succeed.
func (s *scene) built(plan packit.BuildpackPlan) {
	s.t.Helper()
	if err := s.build(plan); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
}

// called compares what the manager was asked for between its preparation and the
// end.
func (s *scene) called(want ...string) {
	s.t.Helper()
	got := slices.DeleteFunc(slices.Clone(s.calls), func(call string) bool { return call == "bound" || strings.HasPrefix(call, "prepare ") })
	if !slices.Equal(got, want) {
		s.t.Errorf("the manager was asked for %q, want %q\n%s", got, want, s.log.String())
	}
}

// has compares the files and links in a folder of the app or a layer, by their
// paths, with those that are wanted; notes of the manager do not count.
func (s *scene) has(dir string, want ...string) {
	s.t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && entry.Name() != fakeNotes {
			got = append(got, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		s.t.Errorf("%s has %q, %v, want %q", dir, got, err, want)
	}
}

// in is a path in a layer.
func (s *scene) in(layer string, path ...string) string {
	return filepath.Join(append([]string{s.layersDir, layer}, path...)...)
}

// leads compares where the link node_modules in a folder of the app leads with a
// path in a layer.
func (s *scene) leads(folder, want string) {
	s.t.Helper()
	if got, err := os.Readlink(filepath.Join(s.app, folder, nodemodules.Dir)); err != nil || got != want {
		s.t.Errorf("node_modules of %q leads to %q, %v, want %q", folder, got, err, want)
	}
}

// says looks for texts in the log.
func (s *scene) says(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.log.String(), text) {
			s.t.Errorf("the log lacks %q:\n%s", text, s.log.String())
		}
	}
}

// silent looks for texts that the log must not have.
func (s *scene) silent(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.log.String(), text) {
			s.t.Errorf("the log has %q:\n%s", text, s.log.String())
		}
	}
}
