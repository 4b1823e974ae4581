//go:build linux

package phases

import (
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// openRegistry serves a registry and returns its address.
func openRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func tagOf(t *testing.T, text string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(text)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func TestACacheImageIsFetchedBeforeAndPushedAfterwards(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.CacheImage = openRegistry(t) + "/cache:1"
	first, one := made(t, options)
	args := own(strings.Join(first.call(t).Args, " "))
	if !strings.Contains(args, " -cache-image R/cache:latest ") || strings.Contains(args, "-cache-dir") {
		t.Errorf("the lifecycle is called with %s", args)
	}
	pushed, err := remote.Image(tagOf(t, options.CacheImage))
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := pushed.Layers(); err != nil || len(layers) != 1 {
		t.Errorf("the cache image has %d layers, %v, want one", len(layers), err)
	}
	digests, err := blobsOf(one.Image)
	if err != nil {
		t.Fatal(err)
	}
	if kept := blobsIn(t, first); len(kept) != len(digests)+2 {
		t.Errorf("it keeps %q, want the blobs of both images", kept)
	}
	first.Close()
	s.said.Reset()
	if _, err := once(t, options); err != nil {
		t.Fatal(err)
	}
	if said := s.said.String(); !strings.Contains(said, "fetching the cache image") || !strings.Contains(said, "pushing the cache image") {
		t.Errorf("got\n%s", said)
	}
	s.said.Reset()
	options.ClearCache = true
	if _, err := once(t, options); err != nil || strings.Contains(s.said.String(), "fetching the cache image") {
		t.Errorf("without what is cached: got %v\n%s", err, &s.said)
	}
	s.script(t, `{"twice":"cache"}`)
	if _, err := once(t, options); !errors.Is(err, &failure.Failure{ID: "image-changed"}) {
		t.Errorf("a cache image that is written twice: got %v", err)
	}
}

func TestACacheImageThatCannotBePushedCostsTheNextBuildTime(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	server := httptest.NewServer(readOnly(registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
	t.Cleanup(server.Close)
	options.CacheImage = strings.TrimPrefix(server.URL, "http://") + "/cache:1"
	if _, err := once(t, options); err != nil || !strings.Contains(s.said.String(), "WARNING: the cache image was not written") {
		t.Errorf("got %v\n%s", err, &s.said)
	}
}

func TestARunImageThatWasNamedIsWhatTheBuilderHas(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.RunImage = openRegistry(t) + "/run:2"
	if err := remote.Write(tagOf(t, options.RunImage), runImageFor(t, s.host, "another")); err != nil {
		t.Fatal(err)
	}
	b, result := made(t, options)
	if got, want := b.call(t).Files[runFile], "[[images]]\n  image = \""+options.RunImage+"\"\n"; got != want {
		t.Errorf("%s is %q, want %q", runFile, got, want)
	}
	if want := `"reference":"` + strings.TrimSuffix(options.RunImage, ":2") + "@" + b.run.digest.String(); !strings.Contains(labelOf(t, result.Image), want) {
		t.Errorf("the image says %s, want %s in it", labelOf(t, result.Image), want)
	}
}

func TestARebaseChangesTheRunImageAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	built, before := made(t, s.options())
	if err := built.Close(); err != nil {
		t.Fatal(err)
	}
	s.said.Reset()
	options := s.options()
	options.Rebase, options.Name, options.RunImage = before.Image, "app:rebased", t.TempDir()+"/run"
	layout(t, options.RunImage, runImageFor(t, s.host, "a newer run image"))
	b, after := made(t, options)
	c := b.call(t)
	if want := "-no-color -run-image R/run:latest -report /tmp/report.toml -uid 1001 -gid 1000 R/app:latest"; c.Program != "rebaser" || own(strings.Join(c.Args, " ")) != want {
		t.Errorf("got %s %s, want %s", c.Program, own(strings.Join(c.Args, " ")), want)
	}
	if _, copied := c.Files["/workspace/package.json"]; copied {
		t.Error("the app was copied")
	}
	was, is := diffIDsOf(t, before.Image), diffIDsOf(t, after.Image)
	if len(is) != len(was) || is[0] == was[0] || !slices.Equal(is[1:], was[1:]) {
		t.Errorf("got the layers %v, want those above the first of %v", is, was)
	}
	label := labelOf(t, after.Image)
	for _, want := range []string{`"image":"` + runImageName + `"`, `"reference":"registry.example/run@` + b.run.digest.String()} {
		if !strings.Contains(label, want) {
			t.Errorf("the image says %s, want %s in it", label, want)
		}
	}
	bare := options
	bare.Name = "app:bare"
	bare.Rebase = emptyFor(s.host.OS, s.host.Arch, map[string]string{labels.Lifecycle: "{}"})
	if _, err := once(t, bare); !errors.Is(err, &failure.Failure{ID: "not-rebasable"}) {
		t.Errorf("an image on no run image: got %v", err)
	}
	config, err := before.Image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	bare.Rebase = emptyFor(s.host.OS, s.host.Arch, map[string]string{labels.Lifecycle: `{"runImage":{"image":"x"},"buildpacks":1}`}, config.Config.Env...)
	var f *failure.Failure
	if _, err := once(t, bare); !errors.As(err, &f) || f.ID != "rebase-refused" || !strings.Contains(f.Cause, b.run.recorded) {
		t.Errorf("an image that the lifecycle does not take: got %v", err)
	} else if testing.CoverMode() == "" && (f.Err == nil || f.Err.Error() != "the image has no layers") { // with it, the sandbox prints more
		t.Errorf("got %v, want what the lifecycle says", f.Err)
	}
}

func diffIDsOf(t *testing.T, image v1.Image) []v1.Hash {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.RootFS.DiffIDs
}

// two returns builds of the site's app for the host's target and another.
func (s *site) two(t *testing.T) []*Build {
	t.Helper()
	var builds []*Build
	for _, to := range []targets.Target{s.host, other(s.host)} {
		options := s.options()
		options.Log = options.Log.For(to.String())
		if len(builds) > 0 {
			options.Log = builds[0].Log.For(to.String())
		}
		options.Target = to
		builds = append(builds, start(t, options))
	}
	return builds
}

func other(than targets.Target) targets.Target {
	return targets.All()[1-slices.Index(targets.All(), than)]
}

func TestTheSecondOfTwoTargetsBeginsWithTheLayersOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	s.script(t, `{"print":["A B 1","  Installing","    Running 'npm ci'"],"node":"node"}`)
	builds := s.two(t)
	images, err := RunAll(t.Context(), builds)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range builds {
		config, err := images[i].ConfigFile()
		if err != nil || config.Architecture != b.Target.Arch {
			t.Errorf("image %d is for %s, %v, want %s", i, config.Architecture, err, b.Target.Arch)
		}
	}
	first, second := builds[0].call(t), builds[1].calls(t)
	if first.Program != "creator" {
		t.Errorf("the first build calls %s", first.Program)
	}
	want := []string{
		"analyzer -no-color -layers /layers -run-image R/run:latest -uid 1001 -gid 1000 R/app:latest",
		"detector -no-color -app /workspace -layers /layers -platform /platform",
		"restorer -no-color -layers /layers -cache-dir /cache -uid 1001 -gid 1000",
		"builder -no-color -app /workspace -layers /layers -platform /platform",
		"analyzer -no-color -layers /layers -run-image R/run:latest -uid 1001 -gid 1000 R/app:latest",
		"exporter -no-color -app /workspace -layers /layers -cache-dir /cache -uid 1001 -gid 1000 R/app:latest",
	}
	if len(second) != len(want) {
		t.Fatalf("the second build calls %d programs, want %d", len(second), len(want))
	}
	for i, c := range second {
		if got := own(c.Program + " " + strings.Join(c.Args, " ")); got != want[i] {
			t.Errorf("call %d is\n%s\nwant\n%s", i, got, want[i])
		}
	}
	if restored := second[3].Restored; !slices.Contains(restored, "/layers/b_install/modules.toml") || len(second[2].Restored) != 0 {
		t.Errorf("its buildpacks find %q, want what is known of the first one's modules", restored)
	}
	if second[0].Previous != "" || second[5].Previous == "" {
		t.Errorf("the lifecycle finds the images %q, and in the end %q", second[0].Previous, second[5].Previous)
	}
	if got := second[5].Layers; !slices.Equal(got, []string{diffID("a module")}) {
		t.Errorf("that image has %v, want the layer for any target", got)
	}
	text, err := os.ReadFile(builds[1].cacheFolder() + "/" + cacheList)
	if err != nil || !strings.Contains(string(text), diffID("cached")) {
		t.Errorf("its cache is %s, %v, want a copy of the first one's", text, err)
	}
	if said := s.said.String(); !strings.Contains(said, "===> waiting") || !strings.Contains(said, "beginning with the layers for any target") {
		t.Errorf("got\n%s", said)
	}
	for _, b := range builds {
		b.Close()
	}
	again := s.two(t)
	if _, err := RunAll(t.Context(), again); err != nil || again[1].first != nil {
		t.Errorf("one with a build before it waits for the other: %v", err)
	}
	if c := again[1].call(t); c.Previous == "" {
		t.Error("it does not find the image of the build before")
	}
}

func TestInAChrootTheSecondOfTwoTargetsComesAfterTheFirst(t *testing.T) {
	s := newSite(t, plain)
	if err := sandbox.Try(t.Context(), sandbox.Chroot, s.home.Dir); err != nil {
		t.Skipf("this machine refuses a chroot: %v", err)
	}
	s.way = sandbox.Chroot
	builds := s.two(t)
	if _, err := RunAll(t.Context(), builds); err != nil {
		t.Fatal(err)
	}
	c := builds[1].call(t)
	if c.Program != "creator" || c.Previous == "" || !slices.Equal(c.Cache, []string{"committed"}) {
		t.Errorf("its lifecycle is %s and finds the image %q and the cache %q", c.Program, c.Previous, c.Cache)
	}
	if slices.ContainsFunc(c.Writable, func(place string) bool {
		return place == "/" || place == "/cnb" || place == "/etc" || place == platformDir
	}) {
		t.Errorf("it can write to %q", c.Writable)
	}
}

// Without the record, others would later take over the second one's results.
func TestTheSecondOfTwoTargetsRunsOnlyWhenItIsNotedWhatItTakes(t *testing.T) {
	builds := newSite(t, plain).two(t)
	builds[0].left.Scripts = true
	block(t, filepath.Join(builds[1].kept.Dir, leftFile), false)
	if _, err := RunAll(t.Context(), builds); err == nil || len(builds[0].calls(t)) != 0 {
		t.Errorf("got %v after %d calls", err, len(builds[0].calls(t)))
	}
}

// After a failure no build waits.
func TestWhenTheFirstOfTwoTargetsFailsTheOtherEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	s.script(t, `{"status":{"building":51},"say":"ERROR: failed to build: exit status 1","node":"node"}`)
	if _, err := RunAll(t.Context(), s.two(t)); !errors.Is(err, &failure.Failure{ID: "build-failed"}) {
		t.Errorf("got %v", err)
	}
}
