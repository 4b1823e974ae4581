//go:build linux

package phases

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/progress"
)

var ownRegistry = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// own replaces R with the address of the build's registry.
func own(text string) string { return ownRegistry.ReplaceAllString(text, "R") }

func TestTheLifecycleIsCalledAsThePlatformAPISays(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.Env, options.Created = map[string]string{"BP_X": "1"}, "1234567890"
	options.Getenv = func(name string) string {
		return map[string]string{"HTTP_PROXY": "a", "https_proxy": "b", "no_proxy": "c", "TOKEN": "secret"}[name]
	}
	b, _ := made(t, options)
	c := b.call(t)
	want := "-no-color -app /workspace -layers /layers -platform /platform -cache-dir /cache -run-image R/run:latest -uid 1001 -gid 1000 R/app:latest"
	if got := own(strings.Join(c.Args, " ")); c.Program != "creator" || got != want {
		t.Errorf("got %s %s\nwant %s", c.Program, got, want)
	}
	slices.Sort(c.Env)
	env := own(strings.Join(slices.DeleteFunc(c.Env, func(pair string) bool { return strings.HasPrefix(pair, "CNB_REGISTRY_AUTH=") }), " "))
	want = "CNB_EXEC_ENV=production CNB_GROUP_ID=1000 CNB_PLATFORM_API=0.15 CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AMAZON=true CNB_REGISTRY_AUTH_KEYCHAIN_SKIP_AZURE=true CNB_USER_ID=1001 " +
		"HOME=/home/somebody HOSTNAME=armature HTTP_PROXY=a PATH=/cnb/bin SOURCE_DATE_EPOCH=1234567890 SSL_CERT_DIR=/nonexistent SSL_CERT_FILE=/dev/null USER=somebody https_proxy=b no_proxy=c"
	if env != want {
		t.Errorf("got %s\nwant %s", env, want)
	}
	if c.User != "1001:1000" || c.Dir != layersDir {
		t.Errorf("it runs as %s in %s, want 1001:1000 in %s", c.User, c.Dir, layersDir)
	}
	if want := []string{appDir, layersDir, cacheDir, "/tmp", "/var/tmp", "/home/somebody"}; !slices.Equal(c.Writable, want) {
		t.Errorf("it can write to %q, want %q", c.Writable, want)
	}
	maps.DeleteFunc(c.Files, func(path, _ string) bool { return strings.HasPrefix(path, "/platform/bindings/host-ca/") })
	files := map[string]string{
		"/workspace/package.json": plainPackage, "/workspace/package-lock.json": plainLock, "/platform/env/BP_X": "1", "/platform/spans": "",
		"/cnb/run.toml": "", "/cnb/order.toml": orderTOML, "/etc/hostname": "armature\n",
	}
	if !maps.Equal(c.Files, files) {
		t.Errorf("it finds %q\nwant %q", c.Files, files)
	}
}

func TestTheImageNamesTheRunImageAsPeopleDo(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	b, result := made(t, s.options())
	digest, err := result.Image.Digest()
	if err != nil || digest != result.Digest {
		t.Errorf("got %s, %v, want %s", result.Digest, err, digest)
	}
	var label struct {
		RunImage struct {
			Reference string `json:"reference"`
		} `json:"runImage"`
	}
	if err := json.Unmarshal([]byte(labelOf(t, result.Image)), &label); err != nil {
		t.Fatal(err)
	}
	if want := "registry.example/run@" + b.run.digest.String(); label.RunImage.Reference != want {
		t.Errorf("got %s, want %s", label.RunImage.Reference, want)
	}
	for _, want := range []string{"Saving app:1...\n", "copying the app", "offering the run image"} {
		if !strings.Contains(s.said.String(), want) {
			t.Errorf("%q is not in\n%s", want, &s.said)
		}
	}
	if ownRegistry.MatchString(s.said.String()) {
		t.Errorf("people read the address of the build's registry:\n%s", &s.said)
	}
	var transfers []string
	for _, span := range s.said.Spans() {
		if span.Kind == progress.Upload {
			transfers = append(transfers, span.What)
		}
	}
	for _, want := range []string{"a/engine:node", "app", "configuration"} {
		if !slices.Contains(transfers, want) {
			t.Errorf("uploads are called %q, want one called %s", transfers, want)
		}
	}
}

// blobsIn returns the names of the blobs that a build keeps.
func blobsIn(t *testing.T, b *Build) []string {
	t.Helper()
	return names(filepath.Join(b.kept.Dir, "blobs"))
}

func TestTheNextBuildBeginsWithTheImageAndTheCacheOfTheOneBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	first, one := made(t, s.options())
	if c := first.call(t); c.Previous != "" || len(c.Cache) != 0 || first.before != nil {
		t.Errorf("the first build finds %q and %q", c.Previous, c.Cache)
	}
	digests, err := blobsOf(one.Image)
	if err != nil {
		t.Fatal(err)
	}
	if kept := blobsIn(t, first); len(digests) != 6 || len(kept) != len(digests) {
		t.Errorf("it keeps %q, want the %d blobs of its image: %v", kept, len(digests), digests)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{first.work.Dir, first.Source()} {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s is left", left)
		}
	}
	second := start(t, s.options())
	if second.beside {
		t.Fatal("the first build has its folder still")
	}
	two, err := second.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := second.call(t); c.Previous != one.Digest.String() || !slices.Equal(c.Cache, []string{"committed"}) {
		t.Errorf("the second build finds the image %q and the cache %q, want %s and one", c.Previous, c.Cache, one.Digest)
	}
	if two.Digest != one.Digest {
		t.Errorf("the same app becomes %s, and then %s", one.Digest, two.Digest)
	}
	second.Close()
	cleared := s.options()
	cleared.ClearCache = true
	third, _ := made(t, cleared)
	if c := third.call(t); c.Previous != "" || len(c.Cache) != 0 {
		t.Errorf("without the cache: it finds %q and %q", c.Previous, c.Cache)
	}
}

func TestADamagedImageOfTheBuildBeforeIsNoHelpAndNoHindrance(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	first, one := made(t, s.options())
	digests, err := blobsOf(one.Image)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(first.blobs.Path(digests[0]), 1); err != nil {
		t.Fatal(err)
	}
	first.Close()
	second, two := made(t, s.options())
	if c := second.call(t); c.Previous != "" || two.Digest != one.Digest {
		t.Errorf("it finds %q and makes %s, want nothing and %s", c.Previous, two.Digest, one.Digest)
	}
	if !strings.Contains(s.said.String(), "the last build's image is damaged") {
		t.Errorf("it is not said:\n%s", &s.said)
	}
}

// lastLine returns the end of a failure's text for this last line. With coverage,
// Go makes the sandbox's processes print another one.
func lastLine(text string) string {
	if testing.CoverMode() != "" {
		return ""
	}
	return ": " + text
}

// happened reports whether an event has happened.
func happened(e event) bool {
	select {
	case <-e.told:
		return true
	default:
		return false
	}
}

func TestALifecycleThatFailsEndsTheBuildAsItSays(t *testing.T) {
	for _, tc := range []struct {
		name, script, want string
		full               bool
	}{
		{"a buildpack", `{"status":{"building":51},"print":["A B 1","    Running 'x'"],"say":"ERROR: failed to build: exit status 1"}`, "[build-failed]", false},
		{"no buildpack", `{"status":{"detecting":20},"say":"ERROR: failed to detect"}`, "[no-buildpack-applies]", false},
		{"the disk", `{"status":{"building":62},"print":["write x: no space left on device"],"say":"ERROR: x"}`, "[disk-full]", true},
		{"the export", `{"status":{"exporting":62},"say":"ERROR: no such layer"}`, "status 62 in the phase EXPORTING" + lastLine("no such layer"), false},
		{"a second image", `{"twice":"app"}`, `[image-changed] a program that ran in the build changed the image: the image "app" was written 2 times`, false},
		{"another user", `{"user":"0:0"}`, "[image-changed]", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, plain)
			s.script(t, tc.script)
			options := s.options()
			b := start(t, options)
			if _, err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) || b.full != tc.full {
				t.Errorf("got %v, full: %v, want %s", err, b.full, tc.want)
			}
			if _, err := os.Lstat(b.manifestPath()); err == nil {
				t.Error("an image is kept")
			}
			exports := strings.Contains(tc.script, "exporting") || !strings.Contains(tc.script, "status")
			if happened(b.layered) != exports || happened(b.busy) != (exports || tc.name == "a buildpack") || happened(b.made) {
				t.Errorf("it is told that a command runs: %v, that layers are there: %v, that an image is: %v", happened(b.busy), happened(b.layered), happened(b.made))
			}
			explained := strings.Contains(tc.script, "status")
			if said := s.said.String(); tc.full != strings.Contains(said, "no space left") || explained != strings.Contains(said, "says why") {
				t.Errorf("what the failed phase printed is said to be\n%s", said)
			}
			var phases []string
			for _, span := range s.said.Spans() {
				if span.Kind == progress.Phase && span.Failed {
					phases = append(phases, span.What)
				}
			}
			if failed := strings.Contains(tc.script, "status"); failed != (len(phases) == 1) {
				t.Errorf("the phases that failed are %q", phases)
			}
			if uploads := slices.ContainsFunc(s.said.Spans(), func(span progress.Span) bool {
				return span.Kind == progress.Upload && strings.HasPrefix(span.What, "sha256:")
			}); uploads != (tc.name == "the export") {
				t.Errorf("uploads of a failed export are told: %v", uploads)
			}
		})
	}
}
