package nodeengine_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/files/archive"
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

// put adds an archive to the server, and returns its checksum.
func (f *fixture) put(t *testing.T, path string, names ...string) string {
	t.Helper()
	f.files[path] = tgz(t, names...)
	digest := sha512.Sum512(f.files[path])
	return "sha512:" + hex.EncodeToString(digest[:])
}

// releases is a buildpack.toml for the versions above.
func (f *fixture) releases(t *testing.T) string {
	var b strings.Builder
	b.WriteString(head)
	for _, l := range lines {
		fmt.Fprintf(&b, "[[metadata.lines]]\nline = %d\ncodename = %q\nlts = %q\nend-of-life = %q\n", l.number, l.codename, l.lts, l.endOfLife)
	}
	npm := f.put(t, "/registry/npm/-/npm-11.0.0.tgz",
		"package/bin/npm-cli.js=npm of the registry", "package/bin/npx-cli.js=npx of the registry", "package/package.json={}")
	fmt.Fprintf(&b, "[[metadata.npm-releases]]\nversion = \"11.0.0\"\nchecksum = %q\n", npm)
	for _, version := range versions {
		for _, tg := range targets.All() {
			if version == "24.2.0" && tg != targets.LinuxARM64 {
				continue
			}
			b.WriteString(f.release(t, version, tg))
		}
	}
	return b.String()
}

func (f *fixture) release(t *testing.T, version string, tg targets.Target) string {
	node := fmt.Sprintf("node %s for %s", version, tg)
	root := fmt.Sprintf("node-v%s-linux-%s", version, tg.Node())
	dist := fmt.Sprintf("/dist/v%s/%s.tar.gz", version, root)
	sum := f.put(t, dist, root+"/LICENSE=license", root+"/README.md=no", root+"/bin/node="+node,
		root+"/include/node/node.h=header", root+"/include/node/openssl/archs/linux-aarch64/x.h=arm64",
		root+"/include/node/openssl/archs/solaris-x86-gcc/x.h=no", root+"/lib/node_modules/corepack/x.js=no",
		root+"/lib/node_modules/npm/bin/npm-cli.js=npm of nodejs.org", root+"/lib/node_modules/npm/bin/npx-cli.js=npx of nodejs.org",
		root+"/share/man/man1/node.1=no")
	name := "node-linux-" + tg.Node()
	npmSum := f.put(t, fmt.Sprintf("/registry/%s/-/%s-%s.tgz", name, name, version),
		"package/bin/node="+node, "package/LICENSE=license", "package/include/node/node.h=header", "package/share/man/x=no")
	major, _, _ := strings.Cut(version, ".")
	end := ""
	for _, l := range lines {
		if fmt.Sprint(l.number) == major {
			end = l.endOfLife
		}
	}
	return fmt.Sprintf(`[[metadata.dependencies]]
id = "node"
name = "Node.js"
version = %q
os = "linux"
arch = %q
uri = "%s%s"
checksum = %q
licenses = ["MIT"]
deprecation_date = %sT00:00:00Z
npm-version = "11.0.0"
npm-package = %q
npm-checksum = %q
`, version, tg.Arch, f.nodejs.URL, dist, sum, end, name, npmSum)
}

// zippers is a pool: for small archives, making a gzip writer dominates.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

// tgz makes an archive of "<name>=<content>" files.
func tgz(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := zippers.Get().(*gzip.Writer)
	defer zippers.Put(zipped)
	zipped.Reset(&b)
	entries := tar.NewWriter(zipped)
	for _, file := range files {
		name, content, _ := strings.Cut(file, "=")
		mode := int64(0o644)
		if strings.HasSuffix(name, "bin/node") {
			mode = 0o755
		}
		if err := entries.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := entries.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := entries.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
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

// bakeUnpacked puts an archive's content into the buildpack.
func (f *fixture) bakeUnpacked(t *testing.T, content []byte) {
	t.Helper()
	pin, err := checksum.Parse(digest(content))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "archive")
	dir := filepath.Join(f.buildpack, "dependencies", pin.FolderName())
	if err := errors.Join(os.WriteFile(path, content, 0o644), os.MkdirAll(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Unpack(context.Background(), path, dir, archive.Selection{Dirs: map[string]string{"": ""}}); err != nil {
		t.Fatal(err)
	}
}

// set sets a variable, "<name>=<value>".
func (f *fixture) set(pair string) {
	name, _, _ := strings.Cut(pair, "=")
	f.environ = slices.DeleteFunc(f.environ, func(old string) bool { return strings.HasPrefix(old, name+"=") })
	f.environ = append(f.environ, pair)
}

func (f *fixture) getenv(name string) string {
	for _, pair := range f.environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
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
