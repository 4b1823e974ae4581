//go:build linux

package loopback

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
)

// Manifests returns how many manifests clients with the lifecycle's password have
// written into a repository, under any tag.
func (r *Registry) Manifests(repository string) int {
	r.guest.naming.Lock()
	defer r.guest.naming.Unlock()
	return r.guest.named[repository]
}

// End refuses further manifests from clients with the lifecycle's password. A
// program's request may be read only after the program has ended.
func (r *Registry) End() {
	r.guest.naming.Lock()
	defer r.guest.naming.Unlock()
	r.guest.ended = true
}

// takeManifest returns an error if this many bytes of manifests exceed the quota.
func (u *uploads) takeManifest(bytes int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if bytes > u.manifests {
		return tooLarge()
	}
	u.manifests -= bytes
	return nil
}

func tooLarge() error {
	return &refusal{http.StatusRequestEntityTooLarge, "SIZE_INVALID", fmt.Sprintf("want manifests of at most %d bytes, and of %d together", maxManifest, maxManifests)}
}

// manifest reads a manifest before it passes it on: the handler keeps it in
// memory.
func (u *uploads) manifest(w http.ResponseWriter, request *http.Request) {
	if !u.limited {
		u.inner.ServeHTTP(w, request)
		return
	}
	body := &quota{ReadCloser: request.Body, take: u.takeManifest}
	text, err := body.manifest(request.URL.Path)
	if err != nil {
		u.takeManifest(-body.bytes)
		answer(w, err)
		return
	}
	u.naming.Lock()
	defer u.naming.Unlock()
	if u.ended {
		answer(w, &refusal{http.StatusForbidden, "DENIED", "the build is over"})
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(text))
	written := &answered{ResponseWriter: w, status: http.StatusOK}
	u.inner.ServeHTTP(written, request)
	if written.status < http.StatusBadRequest {
		u.named[strings.TrimPrefix(path.Dir(path.Dir(request.URL.Path)), "/v2/")]++
	}
}

// manifest reads a manifest, and counts its bytes and those of its path as they
// arrive: many concurrent requests may all stop before their ends.
func (q *quota) manifest(at string) ([]byte, error) {
	if err := q.take(int64(len(at))); err != nil {
		return nil, err
	}
	q.bytes = int64(len(at))
	text, err := io.ReadAll(io.LimitReader(q, maxManifest+1))
	if err == nil && len(text) > maxManifest {
		err = tooLarge()
	}
	return text, err
}
