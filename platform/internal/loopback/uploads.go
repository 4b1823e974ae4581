//go:build linux

package loopback

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

// Quotas of a build, whose scripts know the lifecycle's password: the size of a
// manifest, as registries limit it (Distribution spec, "Pushing Manifests"), the
// bytes of all manifests, the number of concurrent uploads, and the bytes of
// blobs, with some disk space reserved for others.
const (
	maxManifest  = 4 << 20
	maxManifests = 64 << 20
	maxUploads   = 256
	maxBlobs     = 64 << 30
	diskReserve  = 64 << 20
)

// uploads handles the requests that send content (Distribution spec, "Pushing
// blobs", "Pushing manifests") in place of a registry's handler: it streams blobs
// to the disk, where the handler would keep them in memory, and applies the
// quotas.
type uploads struct {
	inner http.Handler
	blobs *Blobs

	mu        sync.Mutex
	open      map[string]*upload // by the request's path
	limited   bool
	left      int64 // remaining bytes of blobs
	manifests int64 // remaining bytes of manifests and their paths

	naming sync.Mutex     // serializes writing manifests
	named  map[string]int // manifests written, by repository
	ended  bool           // refuse further manifests
}

// upload is a partial blob.
type upload struct {
	mu   sync.Mutex // one request at a time
	file *os.File   // nil when it is over
	sum  hash.Hash
	size int64
}

// newUploads applies the quotas only if limited.
func newUploads(inner http.Handler, blobs *Blobs, limited bool) *uploads {
	u := &uploads{inner: inner, blobs: blobs, open: map[string]*upload{}, named: map[string]int{}, limited: limited, left: maxBlobs, manifests: maxManifests}
	var disk unix.Statfs_t
	if unix.Statfs(blobs.dir, &disk) == nil {
		u.left = max(0, min(u.left, int64(disk.Bavail)*disk.Bsize-diskReserve))
	}
	return u
}

func (u *uploads) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	at := request.URL.Path
	folder := path.Base(path.Dir(strings.TrimSuffix(at, "/")))
	switch {
	case request.Method == http.MethodPut && folder == "manifests":
		u.manifest(w, request)
	case request.Method == http.MethodPost && request.URL.Query().Has("digest"): // the whole blob in one request
		body, answer := &quota{ReadCloser: request.Body, take: u.take}, &answered{ResponseWriter: w, status: http.StatusOK}
		request.Body = body
		u.inner.ServeHTTP(answer, request)
		if answer.status != http.StatusCreated {
			u.giveBack(body.bytes)
		}
	case request.Method == http.MethodPatch && folder == "uploads":
		answer(w, u.patch(w, request))
	case request.Method == http.MethodPut && folder == "uploads":
		answer(w, u.put(w, request))
	default:
		u.inner.ServeHTTP(w, request)
	}
}

// refusal is an error response.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.message }

// answer sends the response for an error, if any.
func answer(w http.ResponseWriter, err error) {
	if err == nil {
		return
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		refused = &refusal{http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", err.Error()}
	}
	type one struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	text, err := json.Marshal(map[string][]one{"errors": {{refused.code, refused.message}}})
	if err != nil {
		panic(err) // encoding strings cannot fail
	}
	w.Header().Set("Connection", "close") // ignore the rest of the request
	w.WriteHeader(refused.status)
	w.Write(text)
}

// take returns an error if this many bytes exceed the quota.
func (u *uploads) take(bytes int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.limited && bytes > u.left {
		return &refusal{http.StatusInsufficientStorage, "DENIED", "the build's registry is full: " + unix.ENOSPC.Error()}
	}
	u.left -= bytes
	return nil
}

// giveBack returns bytes to the quota.
func (u *uploads) giveBack(bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.left += bytes
}

// quota reads a body within the quota.
type quota struct {
	io.ReadCloser
	take  func(bytes int64) error
	bytes int64 // read so far
}

func (q *quota) Read(p []byte) (int, error) {
	n, err := q.ReadCloser.Read(p)
	if refused := q.take(int64(n)); refused != nil {
		return 0, refused
	}
	q.bytes += int64(n)
	return n, err
}

// find returns the upload for a request, locked.
func (u *uploads) find(at string) (*upload, error) {
	u.mu.Lock()
	one, known := u.open[at]
	if !known {
		if u.limited && len(u.open) >= maxUploads {
			u.mu.Unlock()
			return nil, &refusal{http.StatusTooManyRequests, "TOOMANYREQUESTS", fmt.Sprintf("want at most %d uploads at once", maxUploads)}
		}
		one = &upload{}
		u.open[at] = one
	}
	u.mu.Unlock()
	one.mu.Lock()
	if known && one.file == nil {
		one.mu.Unlock()
		return nil, &refusal{http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "the upload is over"}
	}
	if one.file != nil {
		return one, nil
	}
	var err error
	if one.sum, err = v1.Hasher("sha256"); err == nil {
		one.file, err = os.CreateTemp(u.blobs.dir, partPrefix)
	}
	if err != nil {
		u.forget(at, one)
		return nil, err
	}
	return one, nil
}

// forget ends an upload, and unlocks it. It removes the partial file, unless that
// has been renamed.
func (u *uploads) forget(at string, one *upload) {
	u.mu.Lock()
	delete(u.open, at)
	u.mu.Unlock()
	if one.file != nil {
		os.Remove(one.file.Name())
		one.file.Close()
		one.file = nil
	}
	one.mu.Unlock()
}

// abandon ends all uploads.
func (u *uploads) abandon() {
	u.mu.Lock()
	open := maps.Clone(u.open)
	u.mu.Unlock()
	for at, one := range open {
		one.mu.Lock()
		u.forget(at, one)
	}
}

// receive appends a request's body to an upload.
func (u *uploads) receive(one *upload, body io.ReadCloser) error {
	n, err := io.Copy(io.MultiWriter(one.file, one.sum), &quota{ReadCloser: body, take: u.take})
	one.size += n
	return err
}

func (u *uploads) patch(w http.ResponseWriter, request *http.Request) error {
	at := request.URL.Path
	one, err := u.find(at)
	if err != nil {
		return err
	}
	start := int64(0)
	if chunk := request.Header.Get("Content-Range"); chunk != "" {
		var end int64
		if _, err := fmt.Sscanf(chunk, "%d-%d", &start, &end); err != nil {
			start = -1
		}
	}
	if start != one.size {
		one.mu.Unlock()
		return &refusal{http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", fmt.Sprintf("%d bytes have come, want what follows them", one.size)}
	}
	if err := u.receive(one, request.Body); err != nil {
		u.giveBack(one.size)
		u.forget(at, one)
		return err
	}
	w.Header().Set("Location", at)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, one.size-1)))
	one.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (u *uploads) put(w http.ResponseWriter, request *http.Request) error {
	at := request.URL.Path
	digest, err := v1.NewHash(request.URL.Query().Get("digest"))
	if err != nil || digest.Algorithm != "sha256" {
		return &refusal{http.StatusBadRequest, "DIGEST_INVALID", "want a digest of sha256"}
	}
	one, err := u.find(at)
	if err != nil {
		return err
	}
	defer u.forget(at, one)
	err = u.receive(one, request.Body)
	if got := fmt.Sprintf("%x", one.sum.Sum(nil)); err == nil && got != digest.Hex {
		err = &refusal{http.StatusBadRequest, "DIGEST_INVALID", fmt.Sprintf("a blob has the digest sha256:%s, want %s", got, digest)}
	}
	if err == nil {
		err = os.Rename(one.file.Name(), u.blobs.Path(digest))
	}
	if err != nil {
		u.giveBack(one.size)
		return err
	}
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.WriteHeader(http.StatusCreated)
	return nil
}
