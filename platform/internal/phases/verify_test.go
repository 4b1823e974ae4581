//go:build linux

package phases

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

const (
	shaA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	shaB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func TestALayerIsRightWhenOneOfItsMetadataHasItsDigest(t *testing.T) {
	c := cleanLayers{Declared: []layerName{"a/engine@1:node"}}
	ofLabel := func(version, sha string) []cleanLayer {
		t.Helper()
		text := fmt.Sprintf(`[{"key":"a/engine","version":"1","layers":{"node":{"sha":%q,"data":{"version":%q},"launch":true},"other":{"sha":"x"}}},{"key":"a/engine","version":"2","layers":{"node":{"sha":"x"}}}]`, sha, version)
		var buildpacks []labels.BuildpackLayers
		if err := json.Unmarshal([]byte(text), &buildpacks); err != nil {
			t.Fatal(err)
		}
		found, err := c.of(buildpacks)
		if err != nil || len(found) != 1 {
			t.Fatalf("got %v, %v, want the one that is declared", found, err)
		}
		return found
	}
	c.Layers = ofLabel("24", shaA)
	more := cleanLayers{Declared: c.Declared, Layers: ofLabel("22", shaB)}
	for _, tc := range []struct {
		name          string
		version, sha  string
		same, changed bool
	}{
		{"as it is known", "24", shaA, true, false},
		{"another content", "24", shaB, false, true},
		{"known from elsewhere", "22", shaB, true, false},
		{"not as known from elsewhere", "22", shaA, false, true},
		{"not known", "20", shaA, false, false},
	} {
		same, changed := compareWithAll([]cleanLayers{c, more}, ofLabel(tc.version, tc.sha)[0])
		if same != tc.same || changed != tc.changed {
			t.Errorf("%s: got %v, %v, want %v, %v", tc.name, same, changed, tc.same, tc.changed)
		}
	}
}

// If the previous image's layers are unverified, as an older armature leaves
// them, the next build gets only the app's.
func TestLayersThatWereNotComparedAreNotTakenAgain(t *testing.T) {
	made, err := random.Image(100, 3)
	if err != nil {
		t.Fatal(err)
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	layers := config.RootFS.DiffIDs
	config.Config.Labels = map[string]string{labels.Lifecycle: fmt.Sprintf(
		`{"buildpacks":[{"key":"a/engine","version":"1","layers":{"node":{"sha":%q}}},{"key":"a/install","version":"1","layers":{"modules":{"sha":%q}}}],"launcher":{"sha":%q}}`, layers[0], layers[1], layers[2])}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	b := &Build{Options: Options{Target: targets.LinuxARM64}, kept: &home.Build{Dir: t.TempDir()}, clean: cleanLayers{Declared: []layerName{"a/engine@1:node"}}}
	if b.blobs, err = loopback.OpenBlobs(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	put(t, b.blobs, made)
	manifest, err := made.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	layersLeft := func() []v1.Hash {
		t.Helper()
		rest, err := b.withoutUnverified(made)
		if err != nil {
			t.Fatal(err)
		}
		config, err := rest.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		return config.RootFS.DiffIDs
	}
	if got := layersLeft(); !slices.Equal(got, layers[1:]) {
		t.Errorf("of an older armature's: got %v, want %v", got, layers[1:])
	}
	if err := b.leaveVerified(manifest, []layerName{"a/engine@1:node"}); err != nil {
		t.Fatal(err)
	}
	if got := layersLeft(); !slices.Equal(got, layers) {
		t.Errorf("compared: got %v, want %v", got, layers)
	}
	if err := b.leaveVerified(append(manifest, ' '), []layerName{"a/engine@1:node"}); err != nil {
		t.Fatal(err)
	}
	if got := layersLeft(); !slices.Equal(got, layers[1:]) {
		t.Errorf("another image was compared: got %v, want %v", got, layers[1:])
	}
	if err := b.leaveVerified(manifest, []layerName{"a/engine@1:node"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(b.kept.Dir, verifiedFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.kept.Dir, verifiedFile), strings.Replace(string(text), "]", ",7]", 1))
	if got := layersLeft(); !slices.Equal(got, layers[1:]) {
		t.Errorf("with an entry that is none: got %v, want %v", got, layers[1:])
	}
	write(t, filepath.Join(b.kept.Dir, verifiedFile), "{")
	if got := layersLeft(); !slices.Equal(got, layers[1:]) {
		t.Errorf("damaged: got %v, want %v", got, layers[1:])
	}
}

// put stores the blobs of an image.
func put(t *testing.T, blobs *loopback.Blobs, image v1.Image) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			t.Fatal(err)
		}
		content, err := layer.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		if err := blobs.Put(t.Context(), "", digest, content); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACachedLayerThatIsNotKnownIsNotRestored(t *testing.T) {
	cache := t.TempDir()
	path := filepath.Join(cache, cacheList)
	write(t, path, `{"buildpacks":[{"key":"a/engine","version":"1","layers":{"build":{"sha":"`+shaA+`","cache":true},"other":{"sha":"x"}}}],"more":1}`)
	b := &Build{Options: Options{Way: sandbox.Users, Log: progress.New(nil)}, kept: &home.Build{Dir: filepath.Dir(cache)}, builder: &builder{}}
	if err := os.Rename(cache, b.cacheFolder()); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(b.cacheFolder(), cacheList)
	list, err := b.cachedLayers(nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := cleanLayers{Declared: []layerName{"a/engine@1:build"}}.of(list)
	if err != nil || len(kept) != 1 {
		t.Fatalf("got %v, %v", kept, err)
	}
	if err := b.dropFromCache(kept, []cleanLayers{{Layers: kept}}); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), shaA) {
		t.Errorf("what is right is gone: %s", text)
	}
	if err := b.dropFromCache(kept, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), shaA) || !strings.Contains(string(text), `"other"`) || !strings.Contains(string(text), `"more":1`) {
		t.Errorf("got %s, %v", text, err)
	}
	if list, err := b.cachedLayers(nil); err != nil || len(list) != 1 || len(list[0].Layers) != 1 {
		t.Errorf("the list is not the lifecycle's any more: %v, %v", list, err)
	}
	b.CacheImage = "registry.example.com/cache"
	if err := b.dropFromCache(kept, nil); err != nil || !b.badCache {
		t.Errorf("a cache image with one: got %v, %v", b.badCache, err)
	}
}

// The files that decide on Node.js come from the app, without anything that runs.
func TestNothingOfTheAppRunsWhereItsNodeIsMade(t *testing.T) {
	app := t.TempDir()
	write(t, app+"/web/package.json", `{"name":"x","engines":{"node":"22"},"packageManager":"pnpm@10.0.0","devEngines":{"packageManager":{"name":"yarn"}},"dependencies":{"evil":"1"},"scripts":{"build":"evil","install":"evil","prepare":"evil","prestart":"npm run x","start":"node .","serve":"npx y"},"gypfile":true,"workspaces":["*"]}`)
	write(t, app+"/web/.nvmrc", "20")
	write(t, app+"/web/binding.gyp", "{}")
	write(t, app+"/web/.npmrc", "node-options=--require ./evil.js")
	if err := syscall.Mkfifo(app+"/web/.node-version", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", app+"/web/mise.toml"); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"BP_NODE_PROJECT_PATH": "web", "BP_NPM_START_SCRIPT": "serve"}
	files, err := runtimeFiles(app, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	names := []string{".nvmrc", "package-lock.json", "package.json", "server.js"}
	if len(files) != len(names) {
		t.Errorf("got %v, want %v", files, names)
	}
	for _, name := range names {
		if _, there := files[name]; !there {
			t.Errorf("there is no %s", name)
		}
	}
	var pkg map[string]any
	if err := json.Unmarshal([]byte(files["package.json"]), &pkg); err != nil {
		t.Fatal(err)
	}
	if engines := fmt.Sprint(pkg["engines"]); engines != "map[node:22]" {
		t.Errorf("got engines %s", engines)
	}
	if scripts := fmt.Sprint(pkg["scripts"]); scripts != "map[prestart:npm run x serve:npx y start:node .]" {
		t.Errorf("got scripts %s", scripts)
	}
	if len(pkg) != 5 { // with the seed's name, version and private
		t.Errorf("got %v", pkg)
	}
	kept := referenceEnv(map[string]string{"BP_NODE_VERSION": "22", "BP_NODE_PROJECT_PATH": "web", "BP_LAUNCHPOINT": "a.js", "BP_STATIC_ROOT": "dist", "BP_IMAGE_LABELS": "a=b", "BP_OCI_REVISION": "x", "TOKEN": "x", "npm_config_registry": "y", "BP_NODE_RUN_SCRIPTS": "evil", "BP_NODE_START_CHECK": "error"})
	if fmt.Sprint(kept) != "map[BP_NODE_RUN_SCRIPTS:none BP_NODE_START_CHECK:off BP_NODE_VERSION:22 npm_config_registry:y]" {
		t.Errorf("got %v", kept)
	}
}

func TestWhatDecidesOnNodeIsReadBehindAByteOrderMark(t *testing.T) {
	app := t.TempDir()
	write(t, app+"/package.json", "\xef\xbb\xbf"+`{"engines":{"node":"22"}}`)
	files, err := runtimeFiles(app, func(string) string { return "" })
	if err != nil || !strings.Contains(files["package.json"], `"engines":{"node":"22"}`) {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestAChangedLayerHasAnID(t *testing.T) {
	if f := layerChanged("a/engine@1:node").(*failure.Failure); f.ID != "layer-changed" || !strings.Contains(f.Cause, "a/engine@1:node") {
		t.Errorf("got %v", f)
	}
}

func TestLayersWithoutAppCodeAreThoseThatBuildpacksDeclare(t *testing.T) {
	root := t.TempDir()
	write(t, root+"/cnb/buildpacks/a_engine/1/buildpack.toml", "[buildpack]\nid = \"a/engine\"\n[metadata]\nlayers-without-app-code = [\"node\"]\n")
	write(t, root+"/cnb/buildpacks/b_other/2/buildpack.toml", "[buildpack]\nid = \"b/other\"\n[metadata]\nlayers-without-app-code = \"odd\"\n")
	write(t, root+"/cnb/buildpacks/c_none/3/buildpack.toml", "[buildpack]\nid = \"c/none\"\n")
	write(t, root+"/cnb/buildpacks/d_broken/3/buildpack.toml", "=")
	got, err := declaredLayers(root)
	if err != nil || !slices.Equal(got, []layerName{"a/engine@1:node"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// Without network armature could not make it again, and the next build would lack
// this one's Node.js.
func TestABuildWithoutNetworkTakesTheReferenceOfOneWithIt(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	b := &Build{root: "/builder", Options: Options{Home: openHome(t), Network: sandbox.None, Host: host, Log: progress.New(nil), Env: map[string]string{"BP_NODE_VERSION": "22"}}}
	name := b.referenceName(referenceEnv(b.Env), sandbox.Host)
	_, use, err := b.Home.Root(t.Context(), name, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, cleanFile), []byte(`{"launcher": "`+shaA+`"}`), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	use.Close()
	if known, err := b.reference(t.Context()); err != nil || known.Launcher != shaA {
		t.Errorf("got %+v, %v, want what the one with network is", known, err)
	}
}
