//go:build linux

package integration_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// breaking closes the connection after the first part of a response.
type breaking struct{ http.ResponseWriter }

func (b breaking) Write(piece []byte) (int, error) {
	b.ResponseWriter.Write(piece[:len(piece)/2])
	b.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestARegistryThatBreaksOffIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	layers := map[string]bool{} // "/v2/<repository>/blobs/<digest>"
	address := serveRegistry(t, func(registry http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && layers[r.URL.Path] {
			w = breaking{w}
		}
		registry.ServeHTTP(w, r)
	})
	pushBuilder(t, address+"/team")
	for repository, image := range map[string]v1.Image{
		"builder": layoutImage(t, filepath.Join(made.builders, "linux-arm64-on-"+host(t).Dashed()), host(t)),
		"run":     layoutImage(t, filepath.Join(made.stack, "run-arm64"), targets.LinuxARM64),
	} {
		manifest, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range manifest.Layers {
			layers["/v2/team/"+repository+"/blobs/"+layer.Digest.String()] = true
		}
	}
	u := newUser(t, 0)
	for want, args := range map[string][]string{
		"unpacking the builder": {"--builder", address + "/team/builder", "--run-image", made.stack + "/run-arm64", "--cache-dir", t.TempDir()},
		"reading the run image": {"--run-image", address + "/team/run:arm64"},
	} {
		b := u.build(plainApp(t), append(args, "--tag", "broken-off")...)
		if b.status != 75 || !strings.Contains(b.log, "[registry-unreachable] "+want) {
			t.Errorf("%s: got status %d, want 75 and registry-unreachable\n%s", want, b.status, b.log)
		}
	}
}

// If a registry fails for one platform, the image does not lack that platform.
func TestAPlatformThatCannotBeFetchedIsNotLeftOut(t *testing.T) {
	t.Parallel()
	index := v1.ImageIndex(empty.Index)
	var missing string // path of the manifest that is first asked for
	for i, to := range targets.All() {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: to.OS, Architecture: to.Arch})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			digest, err := image.Digest()
			if err != nil {
				t.Fatal(err)
			}
			missing = "/v2/team/app/manifests/" + digest.String()
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: to.OS, Architecture: to.Arch}}})
	}
	address := serveRegistry(t, func(registry http.Handler, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == missing {
			w.WriteHeader(http.StatusNotImplemented) // which the library does not retry
			return
		}
		registry.ServeHTTP(w, r)
	})
	tag, err := name.NewTag(address + "/team/app")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	u := newUser(t, 0)
	for _, args := range [][]string{{"inspect", tag.String()}, {"rebase", tag.String(), "--tag", tag.String(), "--output", "registry"}} {
		cmd := u.command(t.Context(), args...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != 75 || !strings.Contains(string(out), "[registry-unavailable]") {
			t.Errorf("%s: got status %d, want 75 and registry-unavailable\n%s", args[0], got, out)
		}
	}
}
