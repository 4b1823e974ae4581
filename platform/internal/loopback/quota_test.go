//go:build linux

package loopback

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func uploadsIn(t *testing.T, inner http.Handler) *uploads {
	t.Helper()
	blobs, err := OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return newUploads(inner, blobs, true)
}

// What a manifest takes of the quota, its path included, comes back unless it is
// written.
func TestAManifestThatDoesNotComeTakesNothing(t *testing.T) {
	u := uploadsIn(t, http.NotFoundHandler())
	const at = "/v2/app/manifests/latest"
	for name, tc := range map[string]struct {
		body io.Reader
		left int
	}{
		"that comes": {strings.NewReader("{}"), 1000 - len(at) - 2}, "that breaks off": {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), 1000},
	} {
		u.manifests = 1000
		u.manifest(httptest.NewRecorder(), httptest.NewRequest(http.MethodPut, at, tc.body))
		if u.manifests != int64(tc.left) {
			t.Errorf("one %s: %d bytes are left, want %d", name, u.manifests, tc.left)
		}
	}
}

// A request that waited for an upload may find it over.
func TestAnUploadThatIsOverIsNotFound(t *testing.T) {
	u := uploadsIn(t, nil)
	over := &upload{}
	u.open["/x"] = over
	_, err := u.find("/x")
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
	if !over.mu.TryLock() {
		t.Error("it is locked still")
	}
}

func TestAnUploadGoesOnOnlyWhereItStands(t *testing.T) {
	u := uploadsIn(t, nil)
	for _, step := range []struct {
		where, body string
		want        int
	}{
		{"", "a", http.StatusAccepted}, {"some bytes", "b", http.StatusRequestedRangeNotSatisfiable}, {"-1-5", "b", http.StatusRequestedRangeNotSatisfiable},
		{"1-1", "b", http.StatusAccepted}, {"1-1", "b", http.StatusRequestedRangeNotSatisfiable},
	} {
		request := httptest.NewRequest(http.MethodPatch, "/v2/app/blobs/uploads/1", strings.NewReader(step.body))
		if step.where != "" {
			request.Header.Set("Content-Range", step.where)
		}
		recorder := httptest.NewRecorder()
		u.ServeHTTP(recorder, request)
		if recorder.Code != step.want {
			t.Errorf("%q: got %d, want %d", step.where, recorder.Code, step.want)
		}
	}
}

// Nothing partial outlives the registry.
func TestAClosedRegistryHasNoUploads(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := OpenBlobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := Serve(listener, blobs)
	for _, u := range []*uploads{r.owner, r.guest} {
		one, err := u.find("/x")
		if err != nil {
			t.Fatal(err)
		}
		one.mu.Unlock()
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(blobs.dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
