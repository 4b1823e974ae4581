package nodeengine_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// fixture is a packaged buildpack whose Node.js is a text with its version and
// architecture, a server with its archives, and an app.
type fixture struct {
	buildpack, layers, platform, app string

	nodejs, registry *httptest.Server
	files            map[string][]byte // what both have, by path
	mutex            sync.Mutex
	asked            []string // paths

	environ []string
	log     bytes.Buffer
	now     time.Time
	host    targets.Target
	version string // the buildpack's
	level   string // BP_LOG_LEVEL
}

// versions that the fixture has for both targets, newest first; 24.2.0 exists
// for arm64 only.
var versions = []string{"26.1.0", "24.2.0", "24.1.0", "22.1.0", "20.1.0"}

const head = `api = "0.10"
[buildpack]
  id = "armature/node-engine"
  name = "Test Node.js"
  version = "1.2.3"
[metadata.default-versions]
  node = "24.*.*"
`

var lines = []struct {
	number                   int
	codename, lts, endOfLife string
}{
	{26, "", "2026-10-28", "2029-04-30"},
	{24, "krypton", "2025-10-28", "2028-04-30"},
	{22, "jod", "2024-10-29", "2027-04-30"},
	{20, "iron", "2023-10-24", "2026-04-30"},
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		buildpack: t.TempDir(), layers: t.TempDir(), platform: t.TempDir(), app: t.TempDir(),
		files: map[string][]byte{},
		now:   time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		host:  targets.LinuxAMD64, version: "1.2.3",
	}
	f.nodejs = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.nodejs.Close)
	f.registry = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.registry.Close)
	f.environ = []string{
		"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64",
		"NPM_CONFIG_REGISTRY=" + f.registry.URL + "/registry/",
	}
	f.write(t, f.buildpack, "buildpack.toml", f.releases(t))
	for _, tg := range targets.All() {
		for _, helper := range []string{"node-options"} {
			f.write(t, f.buildpack, "bin/"+tg.Dashed()+"/"+helper, helper+" for "+tg.String())
		}
	}
	return f
}

func (f *fixture) serve(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = append(f.asked, r.URL.Path)
	content, ok := f.files[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(content)
}

func (f *fixture) write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// set sets a variable, "<name>=<value>".
func (f *fixture) set(pair string) {
	name, _, _ := strings.Cut(pair, "=")
	f.environ = slices.DeleteFunc(f.environ, func(old string) bool { return strings.HasPrefix(old, name+"=") })
	f.environ = append(f.environ, pair)
}

func (f *fixture) detect() (packit.DetectResult, error) {
	return nodeengine.Detect(f.environ, scribe.NewEmitter(&f.log))(packit.DetectContext{
		WorkingDir: f.app, CNBPath: f.buildpack, Platform: packit.Platform{Path: f.platform},
	})
}

func (f *fixture) build(entries ...packit.BuildpackPlanEntry) (packit.BuildResult, error) {
	return f.buildIn(context.Background(), entries...)
}

func (f *fixture) buildIn(ctx context.Context, entries ...packit.BuildpackPlanEntry) (packit.BuildResult, error) {
	builder := nodeengine.Builder{
		Context: ctx, Environ: f.environ, Bindings: servicebindings.NewResolver(),
		Host: f.host, Now: f.now, Logger: scribe.NewEmitter(&f.log).WithLevel(f.level),
	}
	return builder.Build(packit.BuildContext{
		BuildpackInfo: packit.BuildpackInfo{ID: "armature/node-engine", Name: "Test Node.js", Version: f.version, SBOMFormats: []string{"application/vnd.cyclonedx+json"}},
		CNBPath:       f.buildpack, WorkingDir: f.app, Platform: packit.Platform{Path: f.platform},
		Layers: packit.Layers{Path: f.layers}, Plan: packit.BuildpackPlan{Entries: entries},
	})
}

// entry is a plan entry: its name and "key=value" metadata; "build" and
// "launch" alone are true.
func entry(name string, metadata ...string) packit.BuildpackPlanEntry {
	e := packit.BuildpackPlanEntry{Name: name, Metadata: map[string]any{}}
	for _, pair := range metadata {
		key, value, isPair := strings.Cut(pair, "=")
		if isPair {
			e.Metadata[key] = value
		} else {
			e.Metadata[key] = true
		}
	}
	return e
}

// both requires Node.js during the build and at launch.
func both() packit.BuildpackPlanEntry { return entry("node", "build", "launch") }

// tree lists the files below dir, and where links point.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if points, err := os.Readlink(path); err == nil {
			name += " -> " + points
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// layer returns the layer with the name.
func layer(t *testing.T, result packit.BuildResult, name string) packit.Layer {
	t.Helper()
	for _, l := range result.Layers {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("there is no layer %s among %d", name, len(result.Layers))
	return packit.Layer{}
}

func layerNames(result packit.BuildResult) []string {
	var names []string
	for _, l := range result.Layers {
		names = append(names, l.Name)
	}
	return names
}
