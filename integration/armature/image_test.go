//go:build linux

package integration_test

import (
	"archive/tar"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform"
)

// bothBuilders reports whether make made the builders for both targets.
func bothBuilders(t *testing.T) {
	t.Helper()
	for _, to := range targets.All() {
		if _, err := os.Stat(filepath.Join(made.builders, to.Dashed()+"-on-"+host(t).Dashed())); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoPlatformsShareWhatIsTheSame(t *testing.T) {
	t.Parallel()
	bothBuilders(t)
	u := newUser(t, 0)
	pushed := map[string]int{}
	var mu sync.Mutex
	address := serveRegistry(t, func(registry http.Handler, w http.ResponseWriter, request *http.Request) {
		if digest := request.URL.Query().Get("digest"); request.Method == http.MethodPut && digest != "" {
			mu.Lock()
			pushed[digest]++
			mu.Unlock()
		}
		registry.ServeHTTP(w, request)
	})
	tag := address + "/team/both"
	key := []string{"--cache-key", "both"} // of no other test, so that the second platform has no cache
	b := u.must(express, append(key, "--tag", tag, "--platform", "linux/amd64,linux/arm64")...)
	again := u.must(express, append(key, "--tag", tag, "--platform", "linux/arm64,linux/amd64", "--output", "registry")...)
	if b.digest != again.digest {
		t.Errorf("the order of platforms matters: got %s and %s", b.digest, again.digest)
	}
	for digest, times := range pushed {
		if times != 1 {
			t.Errorf("%s was pushed %d times", digest, times)
		}
	}
	index, err := layout.ImageIndexFromPath(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	// The second starts from the first one's layers, without a trace in the
	// image.
	second := targets.All()[1]
	if want := "[" + second.String() + "]   beginning with the layers for any target"; !strings.Contains(b.log, want) {
		t.Errorf("got no %q in\n%s", want, b.log)
	}
	alone := u.must(express, "--tag", "alone", "--platform", second.String())
	if got, err := layoutImage(t, b.folder, second).Digest(); err != nil || got.String() != alone.digest {
		t.Errorf("got %s for %s, want %s as when it is built alone (%v)", got, second, alone.digest, err)
	}
	for _, way := range []string{"user-namespace", "chroot"} {
		other := u.build(express, "--tag", "both-"+way, "--cache-key", "both-"+way, "--platform", "linux/amd64,linux/arm64", "--sandbox", way)
		if other.status != 0 && strings.Contains(other.log, "[no-sandbox]") {
			t.Logf("this machine refuses a %s", way)
		} else if other.digest != b.digest || strings.Count(other.log, "Installing the packages of the lockfile") != 1 {
			t.Errorf("%s: got %s, want %s with npm run once\n%s", way, other.digest, b.digest, other.log)
		}
	}
	both := inspected(t, b.folder)
	if len(both) != 2 {
		t.Fatalf("got %v", both)
	}
	// npm-start's programs and the SBOMs depend on the target.
	differ := []string{"run image", "armature/node-engine:node", "armature/npm-start:supervisor", "armature/npm-start:environment", "bills of materials", "lifecycle: launcher", "lifecycle: config"}
	for i, layer := range both[0].Layers {
		other := both[1].Layers[i]
		if layer.Owner != other.Owner || layer.Digest != other.Digest && !slices.Contains(differ, layer.Owner) {
			t.Errorf("layer %d: got %v and %v, want the same", i, layer, other)
		}
	}
}

func TestInspectSaysWhatIsInAnImage(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	b := u.must(express, "--tag", "inspected")
	out, err := u.command(t.Context(), "inspect", "inspected", "--format", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []platform.ImageDescription
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Digest != b.digest || found[0].Platform != "linux/arm64" || !strings.HasPrefix(found[0].Node, "24.") {
		t.Errorf("got %+v", found)
	}
	for _, layer := range found[0].Layers {
		if layer.Owner == "unknown" {
			t.Errorf("nobody owns %s", layer.Digest)
		}
	}
	if p := found[0].Processes; len(p) != 1 || p[0].Type != "web" || !p[0].Default {
		t.Errorf("got %+v", p)
	}
	if out, err := u.command(t.Context(), "inspect", "nothing-of-this-name:1").CombinedOutput(); err == nil {
		t.Errorf("got %s", out)
	}
}

func TestARebasedImageHasWhatABuildOnItsRunImageGives(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	run := layoutImage(t, filepath.Join(made.stack, "run-arm64"), targets.LinuxARM64)
	patch, err := oci.WriteLayer(filepath.Join(t.TempDir(), "patch"), []oci.File{{Path: "patched", Type: tar.TypeReg, Mode: 0o644, Content: []byte("fixed")}})
	if err != nil {
		t.Fatal(err)
	}
	newer, err := mutate.AppendLayers(run, patch)
	if err != nil {
		t.Fatal(err)
	}
	newRun := filepath.Join(t.TempDir(), "run")
	if err := oci.WriteLayout(newRun, newer); err != nil {
		t.Fatal(err)
	}
	app := plainApp(t)
	old := u.must(app, "--tag", "based")
	anew := u.must(app, "--tag", "based-anew", "--run-image", newRun)
	want := described(t, anew.folder)
	for _, way := range []string{"", "user-namespace", "chroot"} {
		args := []string{"rebase", old.folder, "--tag", "rebased", "--run-image", newRun}
		if way != "" {
			args = append(args, "--sandbox", way)
		}
		out, err := u.command(t.Context(), args...).Output()
		if err != nil && way != "" {
			t.Logf("%s: %v", way, err) // not every machine has every way
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		folder, _, _ := strings.Cut(string(out), "@")
		// The digests differ, because the lifecycle's rebaser drops the history.
		if got := described(t, folder); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", way, got, want)
		}
	}
	text, err := u.command(t.Context(), "rebase", old.folder, "--tag", "rebased", "--run-image", made.stack+"/run-amd64").CombinedOutput()
	if err == nil || !strings.Contains(string(text), "[image-platform]") {
		t.Errorf("a run image of another platform: got %s, %v", text, err)
	}
}

// described inspects an image for linux/arm64, except its digest.
func inspected(t *testing.T, folder string) []*platform.ImageDescription {
	t.Helper()
	found, err := platform.Inspect(t.Context(), platform.InspectRequest{Image: folder, Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// described is all of an image of one platform but its digest.
func described(t *testing.T, folder string) platform.ImageDescription {
	t.Helper()
	image := *inspected(t, folder)[0]
	image.Digest = ""
	return image
}

func TestDoctorSaysWhatWorks(t *testing.T) {
	u := newUser(t, 0)
	out, err := u.command(t.Context(), "doctor").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Builds are kept apart by a ", "yes  builder for linux/arm64: ", "GB free"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
