//go:build linux

package phases

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// An app whose install runs no code of its own.
const (
	plainPackage = `{"name":"a","scripts":{"start":"node server.js","test":"x"},"dependencies":{"b":"1.0.0"}}`
	plainLock    = `{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a","dependencies":{"b":"1.0.0"}},"node_modules/b":{"version":"1.0.0","resolved":"https://registry.example/b/-/b-1.0.0.tgz","integrity":"sha512-eA=="},"node_modules/b/node_modules/c":{"version":"1.0.0","inBundle":true}}}`
)

func openHome(t *testing.T) home.Home {
	t.Helper()
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ofApp returns a build of an app's folder, after copying and before anything
// else.
func ofApp(t *testing.T, h home.Home, app, name string, to targets.Target) *Build {
	t.Helper()
	b := &Build{
		Options: Options{App: app, Name: name, Target: to, Host: targets.LinuxAMD64, Home: h, Way: sandbox.Users, Log: progress.New(nil), Env: map[string]string{}},
		builder: &builder{found: "registry/builder:1"},
	}
	return b
}

// opened opens its folders, and decides what it takes over.
func (b *Build) opened(t *testing.T) *Build {
	t.Helper()
	if err := b.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if err := b.copyApp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.inherit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func appOf(t *testing.T, pkg string) string {
	t.Helper()
	app := t.TempDir()
	write(t, app+"/package.json", pkg)
	write(t, app+"/package-lock.json", plainLock)
	return app
}

func TestBuildsOfOneFolderShareWhatTheyLeaveWhateverTheTag(t *testing.T) {
	h, app := openHome(t), appOf(t, plainPackage)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(app, link); err != nil {
		t.Fatal(err)
	}
	builders, linkToBuilder := t.TempDir(), filepath.Join(t.TempDir(), "builders")
	if err := os.Symlink(builders, linkToBuilder); err != nil {
		t.Fatal(err)
	}
	write(t, builders+"/index.json", "{}")
	plainly := ofApp(t, h, app, "app:1", targets.LinuxAMD64)
	plainly.builder.found = builders
	same := plainly.key(targets.LinuxAMD64)
	for _, tc := range []struct {
		name   string
		change func(b *Build)
		want   bool
	}{
		{"another tag", func(b *Build) { b.Name = "app:2" }, true},
		{"another name", func(b *Build) { b.Name = "other" }, true},
		{"a link to the folder", func(b *Build) { b.App = link }, true},
		{"a copy of the folder", func(b *Build) { b.App, b.AppOf = t.TempDir(), app }, true},
		{"the app's root, said", func(b *Build) { b.Env["BP_NODE_PROJECT_PATH"] = "." }, true},
		{"another folder", func(b *Build) { b.App = appOf(t, plainPackage) }, false},
		{"another project", func(b *Build) { b.Env["BP_NODE_PROJECT_PATH"] = "packages/a" }, false},
		{"a link to the builder's folder", func(b *Build) { b.builder.found = linkToBuilder }, true},
		{"another builder", func(b *Build) { b.builder.found = "registry/builder:2" }, false},
		{"an image for production, said", func(b *Build) { b.ExecEnv = execenv.Production }, true},
		{"an image for tests", func(b *Build) { b.ExecEnv = execenv.Test }, false},
		{"another platform", func(b *Build) { b.Target = targets.LinuxARM64 }, false},
		{"a name for what is left", func(b *Build) { b.CacheKey = "x" }, false},
		{"another compression", func(b *Build) { b.Small = true }, false},
		{"a rebase", func(b *Build) { b.Rebase = empty.Image }, false},
	} {
		b := ofApp(t, h, app, "app:1", targets.LinuxAMD64)
		b.builder.found = builders
		tc.change(b)
		if got := b.key(b.Target) == same; got != tc.want {
			t.Errorf("%s: shares it: %v, want %v (%s)", tc.name, got, tc.want, b.key(b.Target))
		}
	}
	one, other := ofApp(t, h, app, "app:1", targets.LinuxAMD64), ofApp(t, h, t.TempDir(), "app:2", targets.LinuxAMD64)
	one.CacheKey, other.CacheKey = "x", "x"
	if one.key(one.Target) != other.key(other.Target) {
		t.Error("two folders with one --cache-key share nothing")
	}
}

// leaves leaves the results of a build with or without scripts.
func (b *Build) leaves(t *testing.T, buildpack string) {
	t.Helper()
	label := fmt.Sprintf(`{"buildpacks":[{"key":%q,"layers":{}}]}`, buildpack)
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: map[string]string{labels.Lifecycle: label}}})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := b.blobs.Store(image, b.blobs)
	if err != nil {
		t.Fatal(err)
	}
	write(t, b.manifestPath(), string(manifest))
	if err := os.RemoveAll(b.cacheFolder()); err != nil {
		t.Fatal(err)
	}
	cacheOf(t, b.cacheFolder(), map[string]string{archiveContent: "an archive", archiveIndex: archiveEntry, "evil": "x"})
}

// A download in npm's cache: its content, and the entry of its address.
var (
	archiveContent = "_cacache/content-v2/sha512/ab/cd/" + strings.Repeat("0", 124)
	archiveIndex   = "_cacache/index-v5/ab/cd/" + strings.Repeat("0", 60)
	archiveEntry   = "\n1\t{\"key\":\"make-fetch-happen:request-cache:https://registry.example/b/-/b-1.0.0.tgz\",\"integrity\":\"sha512-x\"}"
)

const (
	scripted = `{"name":"a","scripts":{"start":"node server.js","postinstall":"./evil"}}`
	ours     = "armature/npm-install"
)

func TestOfAnotherImagesBuildOnlyWhatNoScriptWroteIsTakenOver(t *testing.T) {
	for _, tc := range []struct {
		name                 string
		firstApp, buildpack  string
		firstName, secondApp string
		whole                bool // everything is taken over
		scripts              bool // in the second build's results
	}{
		{"the same image", scripted, ours, "app:1", scripted, true, true},
		{"the same image, by now without scripts", scripted, ours, "app:1", plainPackage, true, true},
		{"another image, of scripts", scripted, ours, "app:0", plainPackage, false, false},
		{"another image, of scripts, and scripts", scripted, ours, "app:0", scripted, false, true},
		{"another image, of no scripts", plainPackage, ours, "app:0", plainPackage, true, false},
		{"another image, of no scripts, and scripts", plainPackage, ours, "app:0", scripted, true, true},
		{"another image, of a buildpack of somebody else's", plainPackage, "somebody/python", "app:0", plainPackage, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, app := openHome(t), appOf(t, tc.firstApp)
			first := ofApp(t, h, app, tc.firstName, targets.LinuxAMD64).opened(t)
			first.leaves(t, tc.buildpack)
			first.Close()
			write(t, app+"/package.json", tc.secondApp)
			second := ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t)
			_, err := os.Lstat(second.manifestPath())
			if image := err == nil; image != tc.whole {
				t.Errorf("the image before is there: %v, want %v", image, tc.whole)
			}
			if tc.whole {
				if layers, _ := filepath.Glob(second.cacheFolder() + "/committed/*.tar"); len(layers) != 2 {
					t.Errorf("the cache has %q", layers)
				}
			} else if got := downloadsIn(t, second.cacheFolder()); len(got) != 2 || got[archiveContent] != "an archive" || got[archiveIndex] != archiveEntry {
				t.Errorf("the cache has %q", got)
			}
			if got := readLeft(second.kept.Dir); got != (left{Name: "app:1", Scripts: tc.scripts}) {
				t.Errorf("noted %+v, want scripts: %v", got, tc.scripts)
			}
		})
	}
}

// A failed build may have run scripts, too.
func TestWhatIsNotedIsNotedBeforeAnythingRuns(t *testing.T) {
	h, app := openHome(t), appOf(t, scripted)
	ofApp(t, h, app, "app:1", targets.LinuxAMD64).opened(t).Close()
	b := ofApp(t, h, app, "app:2", targets.LinuxAMD64)
	if got := readLeft(h.BuildDir(b.key(b.Target))); got != (left{Name: "app:1", Scripts: true}) {
		t.Errorf("got %+v", got)
	}
	if got := readLeft(t.TempDir()); !got.Scripts {
		t.Error("of what nothing is noted, scripts have written nothing")
	}
}

// A whole image of the build before is the previous one; a damaged one is forgotten.
func TestOnlyAWholeImageIsThePreviousOne(t *testing.T) {
	_, image := labelled(t, hostTarget(t))
	b := bare(t)
	put(t, b.blobs, image)
	manifest, err := b.blobs.Store(image, b.blobs)
	if err != nil {
		t.Fatal(err)
	}
	write(t, b.manifestPath(), string(manifest))
	if got, err := b.previous(); got == nil || err != nil {
		t.Errorf("a whole one: got %v, %v", got, err)
	}
	block(t, b.manifestPath(), false)
	if err := b.offerPrevious(t.Context(), nil); err == nil {
		t.Error("a manifest that cannot be read: got no error")
	}
	if err := errors.Join(os.RemoveAll(b.manifestPath()), os.RemoveAll(b.kept.Dir+"/blobs")); err != nil {
		t.Fatal(err)
	}
	write(t, b.manifestPath(), string(manifest))
	if got, err := b.previous(); got != nil || err != nil {
		t.Errorf("one without blobs: got %v, %v", got, err)
	}
	if _, err := os.Lstat(b.manifestPath()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its manifest is left: %v", err)
	}
}
