//go:build linux

package loopback

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Whatever a request waits for before its content is read is no part of the
// transfer.
func TestATransferBeginsWhenItsContentIsRead(t *testing.T) {
	seen := &transfers{}
	var reads time.Time
	handler := seen.watch(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		time.Sleep(20 * time.Millisecond)
		reads = time.Now()
		io.Copy(io.Discard, request.Body)
		w.WriteHeader(http.StatusCreated)
	}))
	digest := "sha256:" + strings.Repeat("0", 64)
	request := httptest.NewRequest(http.MethodPut, "/v2/app/blobs/uploads/1?digest="+digest, strings.NewReader("content"))
	handler.ServeHTTP(httptest.NewRecorder(), request)
	if len(seen.over) != 1 {
		t.Fatalf("got %v", seen.over)
	}
	for _, one := range seen.over {
		if one.Begin.Before(reads) || one.End.Before(one.Begin) || one.Bytes != 7 {
			t.Errorf("got %+v, want that it begins at %s", one, reads)
		}
	}
}
