// Package integration_test builds real apps with pack, the packaged buildpacks
// and the builders for both targets, and runs the images.
//
// `make integration` makes and loads everything that these tests need; without
// it they are skipped.
package integration_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	"github.com/paketo-buildpacks/occam"
	"github.com/paketo-buildpacks/occam/matchers"
	"github.com/sclevine/spec"
	"github.com/sclevine/spec/report"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/hostca"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// settings are the same for every test.
var settings struct {
	version  string // of the packaged buildpacks
	packages string // folder of the .cnb files
	binding  string // ca-certificates binding of this machine, or empty
	suite    *testing.T
}

func TestIntegration(t *testing.T) {
	format.MaxLength = 0
	gomega.SetDefaultEventuallyTimeout(60 * time.Second) // Node.js under emulation takes seconds to start
	gomega.SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	prepare(t)
	settings.suite = t

	suite := spec.New("integration", spec.Report(report.Terminal{}))
	for _, tg := range targets.All() {
		suite(fmt.Sprintf("Express for %s", tg), express(tg), spec.Parallel())
		suite(fmt.Sprintf("Running for %s", tg), running(tg), spec.Parallel())
		suite(fmt.Sprintf("Dependencies for %s", tg), dependencies(tg), spec.Parallel())
		suite(fmt.Sprintf("Tiny run image for %s", tg), tiny(tg), spec.Parallel())
	}
	suite("Rebuilding", rebuilding, spec.Parallel())
	suite("Reloading", reloading, spec.Parallel())
	suite("Bad input", badInput, spec.Parallel())
	suite("Packages", packages, spec.Parallel())
	suite("Registries", registries, spec.Parallel())
	suite("Offline", offline, spec.Parallel())
	suite("Publishing the builder", publish, spec.Parallel())
	suite("Engine", engine, spec.Sequential())
	suite("armature", armature, spec.Parallel())
	suite.Run(t)
}

// prepare reads what scripts/integration.sh passes and finds the parts.
func prepare(t *testing.T) {
	t.Helper()
	tier.Beyond(t, "a container engine, pack and the builders: make integration")
	settings.version = os.Getenv("ARMATURE_VERSION")
	settings.packages = os.Getenv("ARMATURE_PACKAGES")
	if settings.version == "" || settings.packages == "" {
		t.Fatal("ARMATURE_VERSION and ARMATURE_PACKAGES are not set: run `make integration`, which makes everything first")
	}
	for _, program := range []string{"pack", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: run `make integration`, which makes and installs it", err)
		}
	}
	var err error
	if settings.binding, err = hostca.Binding(hostca.Added, t.TempDir(), os.Getenv); err != nil {
		t.Fatal(err)
	}
}

// packBuild is a build for a target with what every build here needs.
func packBuild(tg targets.Target) occam.PackBuild {
	build := occam.NewPack().WithNoColor().Build.
		WithBuilder("armature/builder:" + tg.Arch).
		WithPullPolicy("never").
		WithTrustBuilder()
	if settings.binding != "" {
		build = build.WithVolumes(settings.binding + ":/platform/bindings/" + filepath.Base(settings.binding) + ":ro")
	}
	return build
}

// acrossOnly skips a test of this machine's own target, unless make
// integration-targets asks for it: CI has machines of both architectures, which
// build everything for each other.
func acrossOnly(t *testing.T, tg targets.Target) {
	t.Helper()
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	if tg == host && os.Getenv("ARMATURE_TARGETS") != "all" {
		t.Skip("left out: it is built for the other target; make integration-targets runs it")
	}
}

// image names one image, builds it and removes it with its caches at the end.
type image struct {
	t    *testing.T
	name string
}

func newImage(t *testing.T) image {
	name, err := occam.RandomName()
	if err != nil {
		t.Fatal(err)
	}
	return image{t: t, name: name}
}

func (i image) remove() {
	occam.NewDocker().Image.Remove.WithForce().Execute(i.name)
	removeCaches(i.name)
}

// removeCaches removes the volumes that pack kept for an image: of a name without
// a tag, and one component after the registry. occam.CacheVolumeNames does not know those of pack 0.40.
func removeCaches(name string) {
	volumes := "name=pack-cache-" + path.Base(name) + "_latest-"
	if out, err := exec.Command("docker", "volume", "ls", "--quiet", "--filter", volumes).Output(); err == nil {
		occam.NewDocker().Volume.Remove.Execute(strings.Fields(string(out)))
	}
}

// shared are the images that several tests look at, by app and target.
var shared = struct {
	sync.Mutex
	images map[string]*sharedBuild
}{images: map[string]*sharedBuild{}}

type sharedBuild struct {
	sync.Mutex
	image *occam.Image // nil until it is built
}

// making serializes tests that call make, which writes shared files.
var making sync.Mutex

// sharedImage is the image of an app of testdata for a target. The first test
// that asks for it has it built; it is removed at the end of all.
func sharedImage(t *testing.T, app string, tg targets.Target) occam.Image {
	t.Helper()
	key := app + " for " + tg.String()
	shared.Lock()
	if shared.images[key] == nil {
		shared.images[key] = &sharedBuild{}
	}
	build := shared.images[key]
	shared.Unlock()
	build.Lock()
	defer build.Unlock()
	if build.image == nil {
		i := newImage(t)
		settings.suite.Cleanup(i.remove)
		built, logs, err := packBuild(tg).Execute(i.name, copyApp(t, app))
		if err != nil {
			t.Fatalf("building %s: %v\n%s", key, err, logs)
		}
		build.image = &built
	}
	return *build.image
}

// answers starts a container of an image and waits until the app in it says
// what it should: a text or a matcher.
func answers(t *testing.T, built occam.Image, body any) {
	t.Helper()
	serving(t, occam.NewDocker().Container.Run, built, body)
}

// serving is answers with custom container settings; the container is removed
// when the test ends.
func serving(t *testing.T, run occam.DockerContainerRun, built occam.Image, body any) occam.Container {
	t.Helper()
	g := gomega.NewWithT(t)
	container, err := run.WithPublish("3000").Execute(built.ID)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() { occam.NewDocker().Container.Remove.Execute(container.ID) })
	g.Eventually(container).Should(matchers.Serve(body).OnPort(3000))
	return container
}

// copyApp copies an app from testdata into a folder of the test's own.
func copyApp(t *testing.T, name string) string {
	t.Helper()
	app := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(app, os.DirFS(filepath.Join("../testdata", name))); err != nil {
		t.Fatal(err)
	}
	return app
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
