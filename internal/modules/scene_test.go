package modules

import (
	"bytes"
	"encoding/json"
	"errors"
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

// scene is an app that is built with the fake, once or several times.
type scene struct {
	*fake
	t                     *testing.T
	app, layersDir, image string
	env                   environ.List
	log                   bytes.Buffer
	layers                map[string]packit.Layer // of the last build
	source                files                   // the uploaded app
	version               string                  // of the buildpack
}

// newScene returns an app with a lockfile: a depends on b, and tool is a
// devDependency.
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

// locked writes the lockfile.
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

// Requirements of other buildpacks.
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

// build uploads the app and builds it, with the layers of the previous build: of
// launch layers only the metadata.
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

// built is build, and fails the test on an error.
func (s *scene) built(plan packit.BuildpackPlan) {
	s.t.Helper()
	if err := s.build(plan); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.String())
	}
}

// called compares the manager's calls between its preparation and the end.
func (s *scene) called(want ...string) {
	s.t.Helper()
	got := slices.DeleteFunc(slices.Clone(s.calls), func(call string) bool { return call == "bound" || strings.HasPrefix(call, "prepare ") })
	if !slices.Equal(got, want) {
		s.t.Errorf("the manager was asked for %q, want %q\n%s", got, want, s.log.String())
	}
}

// has compares the files and links in a folder of the app or a layer with the
// wanted paths; it ignores the manager's records.
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

// in returns a path in a layer.
func (s *scene) in(layer string, path ...string) string {
	return filepath.Join(append([]string{s.layersDir, layer}, path...)...)
}

// leads compares the target of the link node_modules in a folder of the app with
// a path in a layer.
func (s *scene) leads(folder, want string) {
	s.t.Helper()
	if got, err := os.Readlink(filepath.Join(s.app, folder, nodemodules.Dir)); err != nil || got != want {
		s.t.Errorf("node_modules of %q leads to %q, %v, want %q", folder, got, err, want)
	}
}

// says expects texts in the log.
func (s *scene) says(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.log.String(), text) {
			s.t.Errorf("the log lacks %q:\n%s", text, s.log.String())
		}
	}
}

// silent expects texts to be absent from the log.
func (s *scene) silent(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.log.String(), text) {
			s.t.Errorf("the log has %q:\n%s", text, s.log.String())
		}
	}
}
