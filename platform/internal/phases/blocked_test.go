//go:build linux

package phases

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// block makes a path unusable even for root: it puts a file in place of a folder,
// and a folder in place of anything else.
func block(t *testing.T, path string, folder bool) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if folder {
		write(t, path, "")
	} else {
		write(t, path+"/x", "")
	}
}

// working returns a build with everything prepared.
func working(t *testing.T) *Build {
	t.Helper()
	b := bare(t)
	b.Way, b.run, b.builder = sandbox.Chroot, &runImage{asked: "x"}, &builder{user: os.Geteuid(), group: os.Getegid(), home: "/home/cnb"}
	b.Getenv = func(string) string { return "" }
	b.Name, b.Env, b.App = "app", map[string]string{"BP_X": "1"}, appOf(t, plainPackage)
	var err error
	if b.kept, err = b.Home.TryBuild("x"); err != nil {
		t.Fatal(err)
	}
	if b.work, err = b.Home.NewWork(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	write(t, b.cacheFolder()+"/x", "")
	return b
}

// A full disk and missing permissions are found while a build is prepared, not by
// the lifecycle.
func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	_, image := labelled(t, hostTarget(t))
	binding := t.TempDir()
	write(t, binding+"/type", "x")
	ca := t.TempDir() + "/ca.pem"
	prepare := func(b *Build) error { return b.prepare(t.Context()) }
	copying := func(b *Build) error {
		if info, err := os.Stat(b.work.Path("room/app")); err == nil && info.IsDir() {
			os.RemoveAll(b.work.Path("room/app")) // it exists for the other cases
		}
		return b.copyApp(t.Context())
	}
	inherit := func(b *Build) error { return b.inherit(t.Context()) }
	platform := func(b *Build) error {
		return writePlatform(b.work.Path("platform"), b.Env, []string{binding}, b.Getenv)
	}
	cleaned := func(b *Build) error {
		return dropCached(b.cacheFolder(), []layerName{"a/engine@1:build"}, os.Geteuid(), os.Getegid(), true)
	}
	downloads := func(b *Build) error {
		return keepDownloads(b.work.Path("from"), b.work.Path("to"), true)
	}
	take := func(b *Build) error { _, err := b.takeMetadata(); return err }
	manifests := func(b *Build) error { _, err := b.preview(); return err }
	runtime := func(b *Build) error {
		_, err := runtimeFiles(b.work.Path("room/app"), b.Getenv)
		return err
	}
	bills := func(b *Build) error {
		b.SBOMDir = b.work.Path("bills")
		return b.copySBOM()
	}
	cached := func(b *Build) error { _, err := b.cachedLayers(nil); return err }
	ready := func(t *testing.T) *Build {
		b := working(t)
		write(t, b.work.Path("room/app/package.json"), plainPackage)
		write(t, b.work.Path("room/app/package-lock.json"), plainLock)
		b.first = working(t)
		write(t, b.first.work.Path("room/layers/a_one/x.toml"), "[types]\nlaunch = true\n[metadata]\nany-target = true\n")
		write(t, b.work.Path("room/layers/b/y"), "")
		write(t, b.work.Path("room/layers/sbom/launch.json"), "")
		cacheOf(t, b.work.Path("from"), map[string]string{archiveContent: "x"})
		return b
	}
	spec := func(b *Build) error { _, err := b.spec(); return err }
	detect := func(b *Build) error { b.run.image = image; return b.detect(t.Context()) }
	asked := ownBuildpack(t)
	brought := func(b *Build) error {
		b.Buildpacks = asked
		write(t, b.root+"/cnb/order.toml", "")
		write(t, b.root+"/cnb/buildpacks/x", "")
		if _, err := b.work.Folder("etc", 0o755); err != nil {
			return err
		}
		return b.writeBuildpacks(t.Context())
	}
	theirs := func(b *Build) error { return b.takeDownloads(true) }
	leave := func(b *Build) error {
		put(t, b.blobs, image)
		return b.leave(image, b.work.Path("seed"), []string{"a_engine"})
	}
	for _, tc := range []struct {
		name   string
		do     func(*Build) error
		path   func(*Build) string
		folder bool // exists, or will
		ready  func(*Build)
	}{
		{"layers", prepare, func(b *Build) string { return b.work.Path("room/layers") }, true, nil},
		{"home", prepare, func(b *Build) string { return b.work.Path("home") }, true, nil},
		{"tmp", prepare, func(b *Build) string { return b.work.Path("tmp") }, true, nil},
		{"point", prepare, func(b *Build) string { return b.work.Path("point") }, true, nil},
		{"variables", prepare, func(b *Build) string { return b.work.Path("platform/env") }, true, nil},
		{"one variable", prepare, func(b *Build) string { return b.work.Path("platform/env/BP_X") }, false, nil},
		{"spans", prepare, func(b *Build) string { return b.work.Path("platform/spans") }, false, nil},
		{"the host's files", prepare, func(b *Build) string { return b.work.Path("etc/hosts") }, false, nil},
		{"the run image", prepare, func(b *Build) string { return b.work.Path("etc/run.toml") }, false, nil},
		{"what is given away", prepare, func(b *Build) string { return b.work.Path("x") }, true, func(b *Build) { os.RemoveAll(b.work.Path("room/app")) }},
		{"a binding", platform, func(b *Build) string { return b.work.Path("platform/bindings") }, true, nil},
		{"a binding's folder", platform, func(b *Build) string { return b.work.Path("platform/bindings/" + filepath.Base(binding)) }, true, nil},
		{"the host's authorities", platform, func(b *Build) string { return b.work.Path("platform/x") }, true, func(b *Build) {
			b.Getenv = func(string) string { return ca }
		}},
		{"the app", copying, func(b *Build) string { return b.work.Path("room/app") }, true, nil},
		{"the app's files", copying, func(b *Build) string { return b.App }, true, nil},
		{"what was left", inherit, func(b *Build) string { return filepath.Join(b.kept.Dir, leftFile) }, false, nil},
		{"the image before", inherit, func(b *Build) string { return b.manifestPath() }, false, func(b *Build) { os.RemoveAll(b.cacheFolder()) }},
		{"the image of another", inherit, func(b *Build) string { return b.manifestPath() }, false, nil},
		{"their cache", inherit, func(b *Build) string { return b.work.Path("their-cache") }, false, nil},
		{"our cache", inherit, func(b *Build) string { return b.work.Path("cache") }, true, nil},
		{"the list of a cache", cleaned, func(b *Build) string { return b.cacheFolder() }, true, nil},
		{"a cache that is a file", cached, func(b *Build) string { return b.cacheFolder() }, true, nil},
		{"downloads", downloads, func(b *Build) string { return b.work.Path("to") }, true, nil},
		{"their folder", downloads, func(b *Build) string { return b.work.Path("to/committed") }, true, nil},
		{"their list", downloads, func(b *Build) string { return b.work.Path("to/" + cacheList) }, false, nil},
		{"the first one's layers", take, func(b *Build) string { return b.work.Path("room/layers") }, true, nil},
		{"the second one's layers", take, func(b *Build) string { return b.first.work.Path("room/layers") }, true, nil},
		{"a layer's folder", take, func(b *Build) string { return b.work.Path("room/layers/a_one") }, true, nil},
		{"manifests", manifests, func(b *Build) string { return b.work.Path("manifests") }, true, nil},
		{"the app's manifests", manifests, func(b *Build) string { return b.work.Path("room/app") }, true, nil},
		{"a package.json that is none", manifests, func(b *Build) string { return b.work.Path("x") }, true, func(b *Build) { os.WriteFile(b.work.Path("room/app/package.json"), []byte("{"), 0o644) }},
		{"a lockfile that is none", manifests, func(b *Build) string { return b.work.Path("x") }, true, func(b *Build) { os.WriteFile(b.work.Path("room/app/package-lock.json"), []byte("{"), 0o644) }},
		{"the layers of bills of materials", bills, func(b *Build) string { return b.work.Path("room/layers") }, true, nil},
		{"bills of materials", bills, func(b *Build) string { return b.work.Path("room/layers/sbom") }, true, nil},
		{"a place for bills of materials", bills, func(b *Build) string { return b.work.Path("bills") }, true, nil},
		{"the image of a seed", leave, func(b *Build) string { return b.work.Path("seed/" + seedManifest) }, false, nil},
		{"the root of a chroot", spec, func(b *Build) string { return b.work.Path("root") }, true, nil},
		{"what detection begins with", detect, func(b *Build) string { return b.work.Path("room/layers") }, true, nil},
		{"a place for another's downloads", theirs, func(b *Build) string { return b.work.Path("cache") }, true, nil},
		{"buildpacks that were asked for", brought, func(b *Build) string { return b.work.Path("buildpacks") }, true, nil},
		{"their order", brought, func(b *Build) string { return b.work.Path("etc/order.toml") }, false, nil},
		{"the app's version", runtime, func(b *Build) string { return b.work.Path("room/app") }, true, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := ready(t)
			if tc.ready != nil {
				tc.ready(b)
			}
			block(t, tc.path(b), tc.folder)
			if err := tc.do(b); err == nil {
				t.Error("got no error")
			}
		})
	}
	for i, do := range []func(*Build) error{prepare, copying, inherit, platform, cleaned, cached, spec, brought, downloads, take, manifests, runtime, bills, leave} {
		if err := do(ready(t)); err != nil {
			t.Errorf("step %d, of which nothing is blocked: got %v", i, err)
		}
	}
}
