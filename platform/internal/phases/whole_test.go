//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// site is a place for builds with the stand-in: a home, a folder of builders with
// their run images, and an app.
type site struct {
	home     home.Home
	way      sandbox.Way
	host     targets.Target
	builders string
	app      string
	said     progresstest.Recorder
}

// builderKind is a kind of a builder's buildpack: its additional files.
type builderKind string

// The kinds. A declaring builder's buildpack declares its layers without app
// code; a bringing one's also has archives.
const (
	plain     builderKind = "plain"
	declaring builderKind = "declaring"
	bringing  builderKind = "bringing"
)

func (k builderKind) files() map[string]string {
	files := map[string]string{"cnb/buildpacks/a_engine/1/buildpack.toml": "[buildpack]\nid = \"a/engine\"\nversion = \"1\"\n"}
	if k != plain {
		files["cnb/buildpacks/a_engine/1/buildpack.toml"] += "[metadata]\nlayers-without-app-code = [\"node\", \"build\"]\n"
	}
	if k == bringing {
		files["cnb/buildpacks/a_engine/1/dependencies/node.tgz"] = "x"
	}
	return files
}

// laidOut makes the images of a kind once.
var laidOut = map[builderKind]*sync.Once{plain: {}, declaring: {}, bringing: {}}

// newSite makes a site. Sites of a kind share the builder, which is unpacked
// once, and the home.
func newSite(t *testing.T, kind builderKind) *site {
	t.Helper()
	tier.Sandbox(t)
	base := filepath.Join(sharedBase(), string(kind))
	s := &site{app: t.TempDir(), host: hostTarget(t), builders: base + "/builders"}
	if err := os.MkdirAll(base, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.home, err = home.Open(base+"/home", os.Getenv); err != nil {
		t.Fatal(err)
	}
	if s.way, err = sandbox.Find(t.Context(), s.home.Dir, sandbox.Ways()...); err != nil {
		t.Skip("no sandbox can be made here: ", err)
	}
	laidOut[kind].Do(func() {
		all := targets.All()
		if kind != plain {
			all = []targets.Target{s.host}
		}
		for _, to := range all {
			layout(t, base+"/stack/run-"+to.Arch, runImageFor(t, to, "run"))
			layout(t, s.builders+"/"+to.Dashed()+"-on-"+s.host.Dashed(), s.builderImage(t, to, kind.files()))
		}
	})
	write(t, s.app+"/package.json", plainPackage)
	write(t, s.app+"/package-lock.json", plainLock)
	return s
}

func hostTarget(t *testing.T) targets.Target {
	t.Helper()
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

func layout(t *testing.T, dir string, image v1.Image) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(dir), 0o755)
	if err == nil {
		err = oci.WriteLayout(dir, image)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// runImageFor returns a run image of one layer.
func runImageFor(t *testing.T, to targets.Target, content string) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(emptyFor(to.OS, to.Arch, nil), &v1.ConfigFile{
		OS: to.OS, Architecture: to.Arch, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{User: "1001:1000", Env: []string{"PATH=/bin", "LANG=C"}},
	})
	if err == nil {
		image, err = mutate.AppendLayers(image, layerWith(content))
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// programFor returns only the header of a program for a target.
func programFor(to targets.Target) string {
	header := make([]byte, 64)
	copy(header, elf.ELFMAG)
	header[elf.EI_CLASS], header[elf.EI_DATA], header[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	binary.LittleEndian.PutUint16(header[16:], uint16(elf.ET_EXEC))
	binary.LittleEndian.PutUint16(header[18:], uint16(to.ELF()))
	binary.LittleEndian.PutUint32(header[20:], uint32(elf.EV_CURRENT))
	binary.LittleEndian.PutUint16(header[52:], 64)
	return string(header)
}

// orderTOML is the builder's.
const orderTOML = "[[order]]\n  [[order.group]]\n    id = \"a/engine\"\n    version = \"1\"\n"

// builderImage returns an image whose lifecycle is this test program.
func (s *site) builderImage(t *testing.T, to targets.Target, more map[string]string) v1.Image {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"cnb/lifecycle/creator": string(self), "cnb/lifecycle/launcher": programFor(to), "etc/passwd": "root:x:0:0::/root:/bin/sh\nsomebody:x:1001:1000::/home/somebody:/bin/sh\n",
		"cnb/run.toml": "", "cnb/order.toml": orderTOML, "home/somebody/.profile": "",
	}
	maps.Copy(files, more)
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	folders := map[string]bool{".": true}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for dir := range parents(name) {
			if !folders[dir] {
				folders[dir] = true
				archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755})
			}
		}
		archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o755})
		io.WriteString(archive, files[name])
	}
	for _, name := range []string{"analyzer", "detector", "restorer", "builder", "exporter", "rebaser"} {
		archive.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: "cnb/lifecycle/" + name, Linkname: "cnb/lifecycle/creator", Mode: 0o755})
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	label := `{"images":[{"image":"` + runImageName + `"}],"lifecycle":{"apis":{"platform":{"supported":["0.14","0.15"]}}}}`
	image := emptyFor(s.host.OS, s.host.Arch, map[string]string{labels.Builder: label, labels.Buildpacks: `{"a/engine":{"1":{"name":"A B"}}}`}, "CNB_USER_ID=1001", "CNB_GROUP_ID=1000", "PATH=/cnb/bin")
	if image, err = mutate.AppendLayers(image, static.NewLayer(out.Bytes(), types.OCIUncompressedLayer)); err != nil {
		t.Fatal(err)
	}
	return image
}

// parents yields the folders above a path, from the top.
func parents(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i, r := range path {
			if r == '/' && !yield(path[:i]) {
				return
			}
		}
	}
}

func (s *site) script(t *testing.T, text string) {
	t.Helper()
	write(t, s.app+"/lifecycle.json", text)
}

// options returns the options for a build of the site's app.
func (s *site) options() Options {
	return Options{
		App: s.app, Name: "app:1", Target: s.host, Host: s.host, Builder: s.builders, Home: s.home, Way: s.way, Network: sandbox.Host, Limits: sandbox.DefaultLimits(),
		Log: progress.New(s.said.Event), Env: map[string]string{}, Getenv: func(string) string { return "" },
	}
}

// start is [Start], and closes the build when the test ends.
func start(t *testing.T, options Options) *Build {
	t.Helper()
	b, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// made runs a build to its end.
func made(t *testing.T, options Options) (*Build, *Result) {
	t.Helper()
	b := start(t, options)
	result, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b, result
}

// once runs a build and closes it.
func once(t *testing.T, options Options) (*Result, error) {
	t.Helper()
	b, err := Start(t.Context(), options)
	if err != nil {
		return nil, err
	}
	result, err := b.Run(t.Context())
	if closed := b.Close(); closed != nil {
		t.Error(closed)
	}
	return result, err
}

// calls returns the calls of the build's lifecycle, in order.
func (b *Build) calls(t *testing.T) (all []call) {
	t.Helper()
	paths, err := filepath.Glob(b.work.Path("room/layers/call-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var one call
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// call returns the only one.
func (b *Build) call(t *testing.T) call {
	t.Helper()
	all := b.calls(t)
	if len(all) != 1 {
		t.Fatalf("the lifecycle was called %d times, want once", len(all))
	}
	return all[0]
}

func labelOf(t *testing.T, image v1.Image) string {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.Config.Labels[labels.Lifecycle]
}
