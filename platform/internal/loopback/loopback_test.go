//go:build linux

package loopback_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

func serve(t *testing.T) (*loopback.Registry, *loopback.Blobs) {
	t.Helper()
	blobs, err := loopback.OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := loopback.Serve(listener, blobs)
	t.Cleanup(func() { r.Close() })
	return r, blobs
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digest(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	d, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatIsPutCanBeGot(t *testing.T) {
	r, _ := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	got, err := r.Get(t.Context(), loopback.AppRepository)
	if err != nil || digest(t, got) != digest(t, image) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheLifecycleWritesAppAndCacheOnlyAndStrangersReadNothing(t *testing.T) {
	r, _ := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.RunRepository, image); err != nil {
		t.Fatal(err)
	}
	auth, err := r.Auth()
	if err != nil {
		t.Fatal(err)
	}
	var headers map[string]string
	if err := json.Unmarshal([]byte(auth), &headers); err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(r.Reference("x"), "/")
	raw, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, method, path, auth string
		want                     int
	}{
		{"a stranger reads", "GET", "/v2/run/manifests/latest", "", http.StatusUnauthorized},
		{"a stranger with a wrong password reads", "GET", "/v2/run/manifests/latest", "Basic YXJtYXR1cmU6eA==", http.StatusUnauthorized},
		{"the lifecycle reads the run image", "GET", "/v2/run/manifests/latest", headers[address], http.StatusOK},
		{"the lifecycle replaces the run image", "PUT", "/v2/run/manifests/latest", headers[address], http.StatusForbidden},
		{"the lifecycle writes beside the app", "PUT", "/v2/run/../app/manifests/latest", headers[address], http.StatusForbidden},
		{"the lifecycle writes beside the cache", "PUT", "/v2/cache/../run/manifests/latest", headers[address], http.StatusForbidden},
		{"the lifecycle writes the cache", "PUT", "/v2/cache/manifests/latest", headers[address], http.StatusCreated},
		{"the lifecycle writes the app", "PUT", "/v2/app/manifests/latest", headers[address], http.StatusCreated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request, err := http.NewRequest(tc.method, "http://"+address, bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			request.URL.Opaque = "//" + address + tc.path // unchanged
			request.Header.Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
			if tc.auth != "" {
				request.Header.Set("Authorization", tc.auth)
			}
			answer, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != tc.want {
				t.Errorf("got %s, want %d", answer.Status, tc.want)
			}
			if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == `Basic realm="armature"`) != (tc.want == http.StatusUnauthorized) {
				t.Errorf("got the challenge %q", challenge)
			}
		})
	}
}

func TestABlobWithAnotherDigestIsRefusedAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	blobs, err := loopback.OpenBlobs(dir)
	if err != nil {
		t.Fatal(err)
	}
	wrong := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}
	if err := blobs.Put(t.Context(), "", wrong, io.NopCloser(strings.NewReader("x"))); err == nil {
		t.Error("got no error")
	}
	if _, err := blobs.Stat(t.Context(), "", wrong); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("got %v", list)
	}
}

func TestAnImageOutlivesItsRegistryAndNothingElseDoes(t *testing.T) {
	r, blobs := serve(t)
	image, other := randomImage(t), randomImage(t)
	for repository, img := range map[string]v1.Image{loopback.AppRepository: image, loopback.RunRepository: other} {
		if err := r.Put(t.Context(), repository, img); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	raw, err := image.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	keep := []v1.Hash{manifest.Config.Digest}
	for _, layer := range manifest.Layers {
		keep = append(keep, layer.Digest)
	}
	if err := blobs.Keep(keep...); err != nil {
		t.Fatal(err)
	}
	kept, err := blobs.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(kept); err != nil || !blobs.Whole(kept) {
		t.Errorf("whole: %v, %v", blobs.Whole(kept), err)
	}
	layers, _ := other.Layers()
	gone, _ := layers[0].Digest()
	if _, err := blobs.Stat(t.Context(), "", gone); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAnImageThatLacksABlobIsNotWhole(t *testing.T) {
	r, blobs := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	top, err := layers[1].Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(blobs.Path(top), 10); err != nil || blobs.Whole(image) {
		t.Errorf("a short blob: %v, whole %v", err, blobs.Whole(image))
	}
	if err := os.Remove(blobs.Path(top)); err != nil || blobs.Whole(image) {
		t.Errorf("a missing blob: %v, whole %v", err, blobs.Whole(image))
	}
}

func TestReconfiguringChangesNothingButTheConfiguration(t *testing.T) {
	r, blobs := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	image, err := r.Get(t.Context(), loopback.AppRepository)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := blobs.Reconfigured(image, func(config []byte) ([]byte, error) {
		return bytes.Replace(config, []byte("amd64"), []byte("arm64"), 1), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := blobs.Image(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(changed); err != nil {
		t.Error(err)
	}
	same, err := blobs.Reconfigured(image, func(config []byte) ([]byte, error) { return config, nil })
	if err != nil {
		t.Fatal(err)
	}
	if raw, _ := image.RawManifest(); !bytes.Equal(raw, same) {
		t.Errorf("got %s\nwant %s", same, raw)
	}
}

func TestBlobsOfAnotherFolderAreTaken(t *testing.T) {
	r, from := serve(t)
	image := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, image); err != nil {
		t.Fatal(err)
	}
	to, err := loopback.OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // existing ones stay
		if err := to.Take(from); err != nil {
			t.Fatal(err)
		}
	}
	if err := from.Keep(); err != nil {
		t.Fatal(err)
	}
	if !to.Whole(image) || from.Whole(image) {
		t.Error("what was taken is not there any more, or what was given away is")
	}
}

func TestTheLifecyclesRequestsAreToldAndNobodyElses(t *testing.T) {
	r, _ := serve(t)
	told := 0
	r.OnRequest(func() { told++ })
	if err := r.Put(t.Context(), loopback.AppRepository, randomImage(t)); err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(r.Reference("x"), "/")
	ask := func(authorization string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/v2/app/manifests/latest", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", authorization)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	ask("Basic b3RoZXI6b3RoZXI=")
	if told != 0 {
		t.Errorf("somebody else's requests are told %d times", told)
	}
	auth, err := r.Auth()
	if err != nil {
		t.Fatal(err)
	}
	var headers map[string]string
	if err := json.Unmarshal([]byte(auth), &headers); err != nil {
		t.Fatal(err)
	}
	ask(headers[address])
	if told != 1 {
		t.Errorf("the lifecycle's request is told %d times, want once", told)
	}
}
