//go:build linux

package loopback_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

func TestAManifestWhoseBlobsAreThereIsNamed(t *testing.T) {
	image, blobs := stored(t)
	r, here := serve(t)
	if _, err := r.Get(t.Context(), loopback.AppRepository); err == nil {
		t.Error("before: got no error")
	}
	raw, err := here.Store(image, blobs)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := here.Image(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), loopback.AppRepository, mine); err != nil {
		t.Fatal(err)
	}
	got, err := r.Get(t.Context(), loopback.AppRepository)
	if err != nil || digest(t, got) != digest(t, image) {
		t.Errorf("got %v, %v", got, err)
	}
	if n := r.Manifests(loopback.AppRepository); n != 0 {
		t.Errorf("armature's own manifest is told %d times", n)
	}
}

func TestManifestsAreThoseThatTheLifecycleWrote(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	for path, want := range map[string]int{
		"/v2/app/manifests/latest": http.StatusCreated, "/v2/app/manifests/other": http.StatusCreated, "/v2/run/manifests/latest": http.StatusForbidden,
	} {
		if status, text := g.send("PUT", path, strings.NewReader("{}")); status != want {
			t.Errorf("%s: got %d, %s, want %d", path, status, text, want)
		}
	}
	if status, text := g.send("PUT", "/v2/app/manifests/index", strings.NewReader("{"), "Content-Type", "application/vnd.oci.image.index.v1+json"); status != http.StatusBadRequest {
		t.Errorf("an index that is none: got %d, %s", status, text)
	}
	if app, run := r.Manifests(loopback.AppRepository), r.Manifests(loopback.RunRepository); app != 2 || run != 0 {
		t.Errorf("got %d of the app and %d of the run image, want 2 and 0", app, run)
	}
}

// A client that still waits when a registry is closed gets an error.
func TestAClosedRegistryAnswersNobody(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	if status, _ := g.send("PATCH", "/v2/app/blobs/uploads/1", strings.NewReader("half")); status != http.StatusAccepted {
		t.Errorf("got %d", status)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	nothingOpen(t, blobs)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := r.Get(ctx, loopback.AppRepository); err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	if status, _ := g.send("GET", "/v2/app/manifests/latest", nil); status != 0 {
		t.Errorf("got %d", status)
	}
	cancel()
	if _, err := r.Get(ctx, loopback.AppRepository); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: got %v", err)
	}
}

func TestAnUploadIsRefusedWithWhatWouldWork(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	const at = "/v2/app/blobs/uploads/1"
	for _, step := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{name: "a part", method: "PATCH", path: at, body: "te", status: http.StatusAccepted},
		{name: "a question", method: "GET", path: at + "?digest=" + testDigest, status: http.StatusBadRequest},
		{name: "a part of nowhere", method: "PATCH", path: at, body: "st", headers: []string{"Content-Range", "2"}, status: http.StatusRequestedRangeNotSatisfiable, want: "2 bytes have come"},
		{name: "of a digest that is none", method: "PUT", path: at + "?digest=sha256:1", status: http.StatusBadRequest, want: `"code":"DIGEST_INVALID"`},
		{name: "of another algorithm", method: "PUT", path: at + "?digest=sha512:" + strings.Repeat("0", 128), status: http.StatusBadRequest, want: "want a digest of sha256"},
		{name: "of another content", method: "PUT", path: at + "?digest=" + testDigest, body: "xt", status: http.StatusBadRequest, want: "a blob has the digest sha256:"},
		{name: "after the end", method: "PUT", path: at + "?digest=" + testDigest, body: "st", status: http.StatusBadRequest, want: "a blob has the digest sha256:"},
		{name: "the whole with another digest", method: "POST", path: "/v2/app/blobs/uploads/?digest=" + noDigest, body: "test", status: http.StatusBadRequest, want: "DIGEST_INVALID"},
		{name: "the whole", method: "POST", path: "/v2/app/blobs/uploads/?digest=" + testDigest, body: "test", status: http.StatusCreated},
	} {
		status, text := g.send(step.method, step.path, strings.NewReader(step.body), step.headers...)
		if status != step.status || !strings.Contains(text, step.want) {
			t.Errorf("%s: got %d, %s, want %d, %s", step.name, status, text, step.status, step.want)
		}
	}
	if size, err := blobs.Stat(t.Context(), "", hash(t, testDigest)); err != nil || size != 4 {
		t.Errorf("got %d bytes, %v", size, err)
	}
	nothingOpen(t, blobs)
}
