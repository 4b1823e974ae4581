//go:build linux

package loopback

import (
	"cmp"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Transfer is a blob that the lifecycle has written, or found.
type Transfer struct {
	Digest     v1.Hash
	Bytes      int64     // compressed; 0 for a blob that it found
	Begin, End time.Time // from the first read of its content to the answer to its last request
	Reused     bool      // the blob existed: the lifecycle checked it, the last time at Begin, and sent nothing
}

// transfers tracks uploads (Distribution spec, "Pushing blobs"): a POST opens
// one, a PATCH sends the content, and a PUT has the digest.
type transfers struct {
	mu   sync.Mutex
	open map[string]*Transfer // by the upload's path
	over map[v1.Hash]Transfer
}

// Transfers returns the lifecycle's transfers, in the order of their start.
func (r *Registry) Transfers() []Transfer {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	var all []Transfer
	for _, t := range r.seen.over {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Transfer) int {
		return cmp.Or(a.Begin.Compare(b.Begin), strings.Compare(a.Digest.String(), b.Digest.String()))
	})
	return all
}

// watch records the requests to a registry's handler.
func (t *transfers) watch(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			inner.ServeHTTP(w, request)
			return
		}
		begin := time.Now()
		body := &counted{ReadCloser: request.Body}
		request.Body = body
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		inner.ServeHTTP(answer, request)
		if !body.first.IsZero() {
			begin = body.first // exclude the wait before that
		}
		t.note(request, answer, body.bytes, begin, time.Now())
	})
}

func (t *transfers) note(request *http.Request, answer *answered, bytes int64, begin, end time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over == nil {
		t.open, t.over = map[string]*Transfer{}, map[v1.Hash]Transfer{}
	}
	at := request.URL.Path
	upload := strings.Contains(at, "/blobs/uploads/")
	switch {
	case request.Method == http.MethodHead && answer.status == http.StatusOK && strings.Contains(at, "/blobs/"):
		digest, err := v1.NewHash(path.Base(at))
		if was, known := t.over[digest]; err == nil && (!known || was.Reused) {
			t.over[digest] = Transfer{Digest: digest, Begin: begin, End: end, Reused: true}
		}
	case upload && answer.status >= http.StatusBadRequest:
		delete(t.open, at)
	case request.Method == http.MethodPatch && upload:
		if t.open[at] == nil {
			t.open[at] = &Transfer{Begin: begin}
		}
		t.open[at].Bytes += bytes
	case request.Method == http.MethodPut && upload:
		one := Transfer{Begin: begin}
		if t.open[at] != nil {
			one = *t.open[at]
			delete(t.open, at)
		}
		digest, err := v1.NewHash(request.URL.Query().Get("digest"))
		if err == nil {
			one.Digest, one.End = digest, end
			one.Bytes += bytes
			t.over[digest] = one
		}
	}
}

// counted counts the bytes read, and records the start.
type counted struct {
	io.ReadCloser
	bytes int64
	first time.Time // start of reading
}

func (c *counted) Read(p []byte) (int, error) {
	if c.first.IsZero() {
		c.first = time.Now()
	}
	n, err := c.ReadCloser.Read(p)
	c.bytes += int64(n)
	return n, err
}

// answered records a response's status.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}
